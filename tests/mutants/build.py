# SPDX-License-Identifier: MIT
"""Compile the library, link the test programs with it, and run their test cases in isolation."""
import glob
import hashlib
import os
import re
import shlex
import subprocess
import time

LIBRARY = './.libs/libdaemonkit-internal.a'
# A process of a mutant must not survive its test, nor write outside the test's directory.
ISOLATED = ('unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c',
            'mount -t tmpfs -o mode=1777 none /tmp && mount --bind "$1" "$2" && "$3"; exit $?', 'sh')


def digest(*parts):
    """A short hash of strings or bytes."""
    whole = b'\0'.join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return hashlib.sha256(whole).hexdigest()[:20]


def read(path):
    """The bytes of a file."""
    with open(path, 'rb') as file:
        return file.read()


class Build:
    """The build directory, and the commands with which make builds there."""

    def __init__(self, srcdir, builddir):
        self.srcdir, self.builddir = srcdir, builddir
        self.environment = dict(os.environ, srcdir=srcdir, CCACHE_DISABLE='1', INSTRUMENTED='')
        self.sources = sorted(glob.glob('src/*/*.c', root_dir=srcdir))
        output = subprocess.run(
            ['make', '-n', 'V=1', '-W', 'libdaemonkit-internal.la', '-W', 'libdaemonkit.la', '-W',
             '../src/base/fd.c', 'all', 'check-programs'], cwd=builddir, check=True,
            capture_output=True, text=True, env={'PATH': os.environ['PATH']}).stdout
        self.compiler = shlex.split(re.search(r'--mode=compile (.*?) -MT ', output)[1])
        names = re.findall(r'-o src/(\S+)/libdaemonkit_internal_la-(\S+)\.lo', output)
        self.sources = sorted({f'src/{folder}/{name}.c' for folder, name in names})
        self.programs = {}
        for line in re.findall(r'--mode=link (.*)', output):
            words = [word for word in shlex.split(line) if word not in ('-static', '-no-install')]
            name = words.pop(words.index('-o') + 1)
            self.programs[name] = words
        self.tests = [name for name in self.programs if re.match('tests/(api|unit)/', name)]

    def compile(self, source, output, *options):
        """Compile a file of the library; was it possible?"""
        os.makedirs(os.path.dirname(output), exist_ok=True)
        command = [*self.compiler, '-fPIC', '-w', *options, '-c', '-o', output, source]
        return subprocess.run(command, cwd=self.builddir, env=self.environment, check=False,
                              stderr=subprocess.DEVNULL).returncode == 0

    def link(self, program, slot, objects):
        """Link PROGRAM in the directory SLOT, with these objects instead of the library's."""
        output = os.path.join(slot, program)
        command = []
        for word in self.programs[program]:
            command += [*objects, LIBRARY] if word.endswith('.la') else [word]
            command += [output] if word == '-o' else []
        os.makedirs(os.path.dirname(output), exist_ok=True)
        # A test program may contain a file of the library.
        command += ['-Wl,--allow-multiple-definition']
        subprocess.run(command, cwd=self.builddir, check=True, env=self.environment)

    def link_test(self, program, slot, objects):
        """Link a test program and, if it runs them, the example programs."""
        self.link(program, slot, objects)
        for other in self.programs if 'examples' in program else ():
            if other.startswith('doc/') and not os.path.exists(os.path.join(slot, other)):
                self.link(other, slot, objects)

    def key(self, program):
        """Changes when the sources of the test program do."""
        files = [word for word in self.programs[program] if re.search(r'tests/.*\.[oa]$', word)]
        return digest(*(read(os.path.join(self.builddir, file)) for file in files))

    def cases(self, program):
        """The names of the test cases of a program."""
        output = subprocess.run([os.path.join(self.builddir, program)], check=False, text=True,
                                env=dict(self.environment, CK_RUN_CASE='?'),
                                stdout=subprocess.PIPE, cwd=self.builddir).stdout
        return list(dict.fromkeys(re.findall(r'"(.*?)"', output)))

    def run(self, unit, slot, timeout, bind=('/dev/null', '/dev/null')):
        """Run a case, (program, case), linked in SLOT: the result and the seconds."""
        begin = time.monotonic()
        command = [*ISOLATED, *bind, os.path.join(slot, unit[0])]
        environment = dict(self.environment, CK_RUN_CASE=unit[1], builddir=slot, TMPDIR='/tmp')
        with subprocess.Popen(command, cwd=slot, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            try:
                process.communicate(timeout=timeout)
                result = 'killed' if process.returncode else 'survived'
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                result = 'timeout'
        return result, time.monotonic() - begin
