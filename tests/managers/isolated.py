# SPDX-License-Identifier: MIT
"""Run each test of a service manager in its own isolated environment.

A test script calls enter() and continues as the only process of new namespaces.
When they end, all processes and mounts in them end, too.  make_root() mounts an
overlay in memory over the file system of the machine, with the daemon in /usr/sbin
and the files of doc/managers, unchanged, where a user installs them; enter_root()
makes it the root directory.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'scripts'))
import tap

SLOWNESS = int(os.environ.get('HARNESS_SLOWNESS', '1'))
LIMIT = 150 * SLOWNESS
ENVIRONMENT = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8', 'HOME': '/root'}
# For commands that download packages.
NETWORK = {**ENVIRONMENT, **{name: os.environ[name] for name in
                             ('http_proxy', 'https_proxy', 'no_proxy') if name in os.environ}}
MEMORY = pathlib.Path('/mnt')
DAEMON = '/usr/sbin/managed'

program = tap.build / 'doc/managers/managed'
cache = tap.build / 'managers'


class Failure(Exception):
    """A failed expectation of the test."""


# ---- the namespaces ----

def _outside(name):
    """Run the script in new namespaces with a time limit; remove its control group."""
    if os.geteuid() != 0:
        sys.exit(f'{sys.argv[0]}: needs root, for namespaces')
    command = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--ipc', '--uts',
               '--fork', '--kill-child=KILL', '--mount-proc', '--propagation', 'private', '--',
               sys.executable, sys.argv[0], '--inside', name]
    status = 1
    # On these signals, too, run the "finally" clause.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        status = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=LIMIT).returncode
    except subprocess.TimeoutExpired:
        print(f'Bail out! {sys.argv[0]}: timeout of {LIMIT} seconds', flush=True)
    finally:
        _remove_group(name)
    sys.exit(status)


def _remove_group(name):
    """Remove the control group, and those of tests that were killed."""
    subprocess.run(['unshare', '--mount', 'sh', '-c', f'''
        mount -t cgroup2 none {MEMORY} && cd {MEMORY} || exit 0
        for group in daemonkit-*; do
            [ "$group" = {name} ] || [ -d "/proc/${{group#daemonkit-}}" ] ||
                find "$group" -depth -type d -exec rmdir {{}} + 2>/dev/null
        done
        for i in $(seq 100); do
            [ -d {name} ] || exit 0
            find {name} -depth -type d -exec rmdir {{}} + 2>/dev/null
            sleep 0.05
        done
        echo "not ok - the control group {name} is left"'''], check=False)


def _reap_until_exit(child):
    """As process 1, reap orphans until the child exits."""
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def enter():
    """Continue as the only process of new namespaces; returns the name of the control group."""
    if sys.argv[1:2] != ['--inside']:
        _outside(f'daemonkit-{os.getpid()}')
    child = os.fork()
    if child != 0:
        _reap_until_exit(child)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', MEMORY)
    return sys.argv[2]


# ---- the file system ----

def run(*command, status=0, **options):
    """Run a command, which must exit with this status; returns the output of both streams."""
    words = [str(word) for word in command]
    options = {'timeout': 60 * SLOWNESS, 'env': ENVIRONMENT, **options}
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if status is not None and done.returncode != status:
        raise Failure(f"{' '.join(words)}: exit status {done.returncode}, not {status}\n"
                      f'{done.stdout}')
    return done.stdout


def make_root(files, lower='/'):
    """Mount an overlay in memory, and install the daemon if there are files.

    files: {path in doc/managers: path where it is installed}
    """
    root = MEMORY / 'root'
    for name in ('root', 'upper', 'work'):
        (MEMORY / name).mkdir()
    run('mount', '-t', 'overlay', '-o',
        f'lowerdir={lower},upperdir={MEMORY}/upper,workdir={MEMORY}/work', 'overlay', root)
    for path in ('run', 'tmp'):
        run('mount', '-t', 'tmpfs', '-o', 'mode=1777' if path == 'tmp' else 'mode=755', 'tmpfs',
            root / path)
    if files:
        install(program, root / DAEMON[1:], 0o755)
    for name, place in files.items():
        source = tap.source / 'doc/managers' / name
        install(source, root / place[1:], source.stat().st_mode & 0o755)
    return root


def download(*packages):
    """Download packages from the archive of the machine; returns their paths."""
    directory = cache / 'packages'
    directory.mkdir(parents=True, exist_ok=True)

    def missing():
        return [name for name in packages if not list(directory.glob(f'{name}_*.deb'))]
    output = ''
    for attempt in ('download', 'update', 'download'):
        if missing():
            output += run('apt-get', '-q', attempt, *(missing() if attempt == 'download' else ()),
                        '-o', 'APT::Sandbox::User=root', cwd=directory, env=NETWORK, status=None)
    if missing():
        raise Failure(f'cannot download {missing()}\n{output}')
    return [sorted(directory.glob(f'{name}_*.deb'))[0] for name in packages]


def install(source, place, mode):
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(mode)


def enter_root(files, extra=()):
    """Call make_root() and make it the root directory; copy extra files to /tmp."""
    root = make_root(files)
    for path in extra:
        shutil.copy(path, root / 'tmp')
    for path in ('dev', 'sys'):
        run('mount', '--rbind', f'/{path}', root / path)
    run('mount', '-t', 'proc', 'proc', root / 'proc')
    os.chdir(root)
    run('pivot_root', '.', 'mnt')
    os.chdir('/')
    run('umount', '-l', '/mnt')
    os.environ.clear()
    os.environ.update(ENVIRONMENT)


# ---- waiting and checking ----

def until(what, condition, seconds=15):
    """Wait until a condition is true; returns its value."""
    deadline = time.monotonic() + seconds * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f'not within {seconds} seconds: {what}')
        time.sleep(0.02)


def expect(what, condition):
    if not condition:
        raise Failure(what)


def read(path):
    try:
        return pathlib.Path(path).read_text(errors='replace')
    except (FileNotFoundError, ProcessLookupError):
        return ''


def wait_line(path, text, count=1):
    until(f'{count} lines with "{text}" in {path}', lambda: read(path).count(text) >= count)


def status_of(pid):
    """The fields of /proc/PID/stat from the state on."""
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def parent(pid):
    status = status_of(pid)
    return int(status[1]) if status else None


def processes():
    """All processes except the test itself and process 1."""
    found = {}
    for path in pathlib.Path('/proc').glob('[0-9]*'):
        pid = int(path.name)
        status = status_of(pid)
        if pid in (1, os.getpid()) or status is None or status[0] == 'Z':
            continue
        found[pid] = read(path / 'cmdline').replace('\0', ' ').strip()
    return found


def daemons():
    """The pids of all daemons."""
    found = []
    for pid in processes():
        try:
            if os.readlink(f'/proc/{pid}/exe') == DAEMON:
                found.append(pid)
        except OSError:
            pass
    return found


def daemon_pid():
    """Wait until there is exactly one daemon; returns its pid."""
    return until('one daemon', lambda: [pid for pid in daemons() if daemons() == [pid]])[0]


def wait_successor(pid):
    """Wait for the daemon that replaces this one; returns its pid."""
    return until(f'a daemon after process {pid}',
                 lambda: [new for new in daemons() if new != pid and len(daemons()) == 1])[0]


def wait_exit(pid):
    until(f'the exit of process {pid}', lambda: status_of(pid) is None)


def start(*command, log=None, **options):
    """Start a manager in the background; it is killed with the namespaces at the latest."""
    stream = open(log, 'ab') if log else subprocess.DEVNULL
    options = {'env': ENVIRONMENT, **options}
    try:
        return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                stdout=stream, stderr=stream, **options)
    finally:
        if log:
            stream.close()


def finish(manager, status=0):
    """Wait for a manager to exit with this status."""
    result = manager.wait(timeout=20 * SLOWNESS)
    expect(f'the manager: exit status {result}, not {status}', result == status)


# ---- results ----

def _diagnostics():
    yield from (f'process {pid}: {command}' for pid, command in processes().items())
    for directory in ('/var/log', '/run', '/tmp'):
        for path in sorted(pathlib.Path(directory).glob('*managed*')):
            if path.is_file():
                yield f'{path}:\n{read(path)[-4000:]}'


def check(name, function, diagnostics=_diagnostics):
    """Run one step of the test; after a failed step the test ends."""
    try:
        function()
    except Exception as error:
        tap.check(name, [f'{type(error).__name__}: {error}', *diagnostics()])
        tap.end()
        sys.exit(1)
    tap.check(name, [])


def _nothing_left():
    until('no process', lambda: not processes())
    left = [str(path) for path in pathlib.Path('/run').rglob('*managed*.pid')]
    expect(f'pid files are left: {left}', not left)


def end():
    check('nothing is left', _nothing_left)
    tap.end()
