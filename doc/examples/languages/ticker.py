# SPDX-License-Identifier: MIT
"""A daemon in Python, which calls the library through ctypes.

    python3 ticker.py [-c CONFIGURATION] [-l LOGFILE] [-p PIDFILE] start|stop|reload|status|run|...

The configuration is a number of seconds; the daemon prints a line that often.  "start" returns when
the daemon is ready, and "reload" when it has read its configuration, or they print why it failed.
"run" serves in the foreground, for a service manager or a terminal.
"""
import argparse
import ctypes
import errno
import os
import select
import signal
import sys

READY_TIMEOUT = 10000  # ms
SIGNALS_STOP = 1
EXIT_USAGE, EXIT_NOT_CONFIGURED = 2, 6  # as in LSB

library = ctypes.CDLL('libdaemonkit.so.1')
library.daemonkit_error.restype = ctypes.c_char_p
Handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def call(name, *arguments):
    """Call a function that returns a negative errno if it fails.

    The text of the error belongs to the thread, so it is read at once.
    """
    result = getattr(library, 'daemonkit_' + name)(*arguments)
    if result < 0:
        raise OSError(-result, library.daemonkit_error().decode())
    return result


def new(name, *arguments):
    """Create an object.  A pointer must be a c_void_p: ctypes passes an int as a C int."""
    pointer = ctypes.c_void_p()
    call(name + '_new', *arguments, ctypes.byref(pointer))
    return pointer


def configured(path):
    """The interval; raises OSError or ValueError."""
    with open(path) as file:
        seconds = float(file.read())
    if not 0 < seconds < 3600:
        raise ValueError(f'{seconds} is not an interval')
    return seconds


class Ticker:
    def __init__(self, options):
        self.configuration = os.path.abspath(options.configuration)  # the daemon works in /
        self.signals = new('signals')
        # ctypes needs this object as long as the handler is set.
        self.handler = Handler(self.on_reload)
        call('signals_set_handler', self.signals, signal.SIGHUP, self.handler, None)
        # Mode FORK is not for Python: the interpreter would not know that it was forked.  The default
        # executes the interpreter and this file again, and serves in the foreground under a manager.
        self.context = new('context')
        call('context_set_pid_file', self.context, os.fsencode(options.pid_file), 0o644)
        call('context_set_log_file', self.context, os.fsencode(options.log_file), 0)
        call('context_set_ready_timeout', self.context, READY_TIMEOUT)
        self.control = new('control', self.context)
        call('control_set_name', self.control, b'ticker')

    def on_reload(self, info, _):
        """An exception must not leave this method: the library cannot see it."""
        call('notify_reloading', self.context)
        try:
            self.seconds = configured(self.configuration)
        except (OSError, ValueError) as error:
            # The former configuration remains.
            call('siginfo_reply', ctypes.c_void_p(info), errno.EINVAL, b'%s', str(error).encode())
        call('notify_ready', self.context)
        return 0

    def serve(self):
        sys.stdout.reconfigure(line_buffering=True)
        try:
            self.seconds = configured(self.configuration)
        except (OSError, ValueError) as error:
            call('notify_failed', self.context, errno.EINVAL, b'%s', str(error).encode())
            return EXIT_NOT_CONFIGURED
        call('notify_ready', self.context)
        descriptor = call('signals_fd', self.signals)
        count = result = 0
        while result != SIGNALS_STOP:
            count += 1
            print('tick', count)
            if select.select([descriptor], [], [], self.seconds)[0]:
                result = call('signals_dispatch', self.signals)
        call('context_release', self.context)
        return 0

    def run(self, command):
        exit_code = ctypes.c_int()
        done = call('control_run', self.control, command.encode(), 0, ctypes.byref(exit_code))
        return exit_code.value if done else self.serve()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('-c', dest='configuration', default='ticker.conf')
    parser.add_argument('-l', dest='log_file', default='ticker.log')
    parser.add_argument('-p', dest='pid_file', default='ticker.pid')
    parser.add_argument('command', help='start, stop, restart, reload, status, run ...')
    options = parser.parse_args()
    # Python's own handler would run only when the library returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return Ticker(options).run(options.command)
    except OSError as error:
        print(f'ticker: {error.strerror}', file=sys.stderr)
        return EXIT_USAGE if error.errno == errno.ENOENT else 1


if __name__ == '__main__':
    sys.exit(main())
