# SPDX-License-Identifier: MIT
"""Common functions of the scripts: results, and lists of the project."""
import os
import pathlib
import re
import subprocess
import tempfile

source = pathlib.Path(os.environ.get('srcdir', pathlib.Path(__file__).parent.parent.parent)).resolve()
build = pathlib.Path(os.environ.get('builddir', source / 'build')).resolve()
public = source / 'include/daemonkit'
instrumented = os.environ.get('INSTRUMENTED', '') != ''
_count = 0


def check(name, problems):
    """Print one result: passed if there are no problems."""
    global _count
    _count += 1
    problems = list(problems)
    print(f"{'not ' if problems else ''}ok {_count} - {name}")
    for problem in problems:
        for line in str(problem).splitlines():
            print(f'# {line}')


def skip(name, reason):
    global _count
    _count += 1
    print(f'ok {_count} - {name} # SKIP {reason}')


def end():
    print(f'1..{_count}', flush=True)


def run(*command, **options):
    """Run a command without standard input; captures both streams as text."""
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, **options)


def trouble(*command, **options):
    """Run a command that must succeed without output; returns a list of problems."""
    done = run(*command, **options)
    text = done.stdout + done.stderr
    if done.returncode != 0 or text:
        return [f"{' '.join(map(str, command))}: exit status {done.returncode}", text]
    return []


def directory():
    """A temporary directory in which programs can be executed, for "with"."""
    places = [place for place in (tempfile.gettempdir(), '/var/tmp')
              if not os.statvfs(place).f_flag & os.ST_NOEXEC]
    return tempfile.TemporaryDirectory(dir=[*places, build][0])


def public_headers():
    """The public headers: {name: path}."""
    headers = {path.name: path for path in public.glob('*.h')}
    headers['version.h'] = build / 'include/daemonkit/version.h'
    return headers


def declared():
    """The public functions: {name: name of the header}."""
    functions = {}
    for name, path in public_headers().items():
        text = re.sub(r'/\*.*?\*/', '', path.read_text(), flags=re.S)
        for match in re.finditer(r'^DAEMONKIT_API\b[^;(]*?\b(\w+)\s*\(', text, flags=re.M):
            functions[match[1]] = name
    return functions


def manual_pages():
    return sorted((source / 'doc/man').glob('*.[37]'))


def section(page, name):
    """The lines of one section of a manual page."""
    text = page.read_text()
    match = re.search(rf'^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)', text, flags=re.M | re.S)
    return match[1].splitlines() if match else []
