# SPDX-License-Identifier: MIT
"""A real systemd as process 1 of its own namespaces."""
import ctypes
import json
import os
import pathlib
import subprocess

import isolated
import tap

BOOT = pathlib.Path(__file__).resolve().parent / 'boot-systemd'
# Seconds; 3 in the units.
WATCHDOG = 3 * isolated.SLOWNESS


class Systemd:
    """units: names in doc/managers/systemd; others: {name: text} of more units."""

    def __init__(self, group, units, lower='/', others=None, programs=()):
        files = {f'systemd/{unit}': f'/etc/managed/{unit}' for unit in units}
        self.root = isolated.make_root(files, lower)
        (self.root / 'etc/managed').mkdir(exist_ok=True)
        for path in programs:
            isolated.install(tap.build / 'doc' / path,
                             self.root / 'usr/sbin' / path.rpartition('/')[2], 0o755)
        for name, text in (others or {}).items():
            (self.root / 'etc/managed' / name).write_text(text)
        self.extend_watchdogs()
        groups = isolated.MEMORY / 'groups'
        groups.mkdir()
        isolated.run('mount', '-t', 'cgroup2', 'none', groups)
        self.group = groups / group
        self.group.mkdir()
        self.console = isolated.MEMORY / 'console'
        self.process = None
        self.init = None

    def extend_watchdogs(self):
        """On slow machines extend the watchdog interval."""
        for unit in list((self.root / 'etc/managed').glob('*.service')):
            if isolated.SLOWNESS > 1 and 'WatchdogSec=3s\n' in unit.read_text():
                directory = unit.with_suffix('.service.d')
                directory.mkdir()
                (directory / 'watchdog.conf').write_text(f'[Service]\nWatchdogSec={WATCHDOG}s\n')

    def boot(self, unit_path=''):
        self.process = isolated.start(BOOT, self.root, self.group, log=self.console,
                                      env={**isolated.ENVIRONMENT, 'UNIT_PATH': unit_path})
        path = f'/proc/{self.process.pid}/task/{self.process.pid}/children'
        self.init = isolated.until('process 1', lambda: isolated.read(path).strip())
        # Until then it has the /run of the machine, where another systemd may answer.
        isolated.until('systemd', lambda: isolated.read(f'/proc/{self.init}/comm') == 'systemd\n')
        isolated.until('boot', lambda: self.run(
            'systemctl', 'is-system-running', status=None).strip() in ('running', 'degraded'), 40)

    def run(self, *command, **options):
        return isolated.run('nsenter', '-t', self.init, '-m', '-p', '-u', '-i', '-n', '-C',
                            '--root', '--wd', *command, **options)

    def ctl(self, *command, **options):
        return self.run('systemctl', *command, **options)

    def drop_in(self, unit, text):
        """Add settings to a unit, or, with an empty text, remove them."""
        directory = self.root / 'run/units' / f'{unit}.d'
        directory.mkdir(exist_ok=True)
        (directory / 'test.conf').write_text(text)
        self.ctl('daemon-reload')

    def join_network(self):
        """Enter the network namespace of systemd."""
        libc = ctypes.CDLL(None, use_errno=True)
        fd = os.open(f'/proc/{self.init}/ns/net', os.O_RDONLY)
        isolated.expect('its network', libc.setns(fd, 0) == 0)
        os.close(fd)

    def kill(self, pid, name):
        self.run('sh', '-c', f'kill -{name} {pid}')

    def show(self, unit, name):
        return self.ctl('show', '--value', '-p', name, unit).strip()

    def until(self, unit, **properties):
        """Wait until a unit has these properties."""
        names = ','.join(properties)

        def have():
            shown = self.ctl('show', '-p', names, unit).strip().splitlines()
            return sorted(shown) == sorted(f'{k}={v}' for k, v in properties.items())
        isolated.until(f'{unit}: {properties}', have)

    def main_pid(self, unit):
        """The pid of the main process in the namespace of systemd; it must be the daemon."""
        pid = int(self.show(unit, 'MainPID'))
        isolated.expect(f'{unit}: process {pid} is the daemon',
                        self.executable(pid) == isolated.DAEMON)
        return pid

    def executable(self, pid):
        return self.run('readlink', f'/proc/{pid}/exe', status=None).strip()

    def daemons(self):
        return self.run('pidof', isolated.DAEMON, status=None).split()

    def journal(self, *match):
        self.run('journalctl', '--sync')
        text = self.run('journalctl', '--no-pager', '-q', '-o', 'json', *match, status=None)
        return [json.loads(line) for line in text.splitlines()]

    def messages(self, *match):
        return [str(entry.get('MESSAGE')) for entry in self.journal(*match)]

    def daemon_messages(self, unit):
        """The journal entries of the daemon itself."""
        return [entry for entry in self.journal(f'_SYSTEMD_UNIT={unit}')
                if entry.get('_EXE') == isolated.DAEMON]

    def wait_message(self, unit, text, pid=None):
        """Wait for a message of the unit, or only of this process."""
        isolated.until(f'{unit} logs "{text}"', lambda: any(
            entry['MESSAGE'].startswith(text) and pid in (None, int(entry['_PID']))
            for entry in self.daemon_messages(unit)))

    def end(self):
        """Kill all processes, and remove the control group."""
        os.kill(int(self.init), 9)
        self.process.wait(timeout=60 * isolated.SLOWNESS)
        for directory, _, _ in os.walk(self.group, topdown=False):
            isolated.until(f'removal of {directory}', lambda: self.remove(directory), 5)

    @staticmethod
    def remove(directory):
        try:
            os.rmdir(directory)
        except OSError:
            return False
        return True

    def diagnostics(self):
        yield isolated.read(self.console)
        if self.init:
            try:
                yield self.run('journalctl', '--no-pager', '-n', '60', status=None)
                yield self.run('systemctl', '--no-pager', '--all', 'status', 'managed*',
                               status=None)
            except subprocess.SubprocessError as error:
                yield str(error)
