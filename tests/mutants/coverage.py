# SPDX-License-Identifier: MIT
"""Which test cases execute which line of the library."""
import bisect
import concurrent.futures
import json
import os
import re
import subprocess
import sys

from build import digest, read

SIZE = 1 << 20


class Coverage:
    """Run every test case once with an instrumented library; results are kept in a file."""

    def __init__(self, build, work):
        self.build = build
        self.slot = os.path.join(work, 'coverage')
        self.path = os.path.join(work, 'coverage.json')
        self.seconds, self.lines, self.reached, self.cases = {}, {}, {}, []
        self.broken = set()

    def _prepare(self):
        """Compile and link everything, instrumented."""
        build, slot, objects = self.build, self.slot, []
        own = os.path.join(build.srcdir, 'tests/mutants/coverage.c')
        jobs = [(own, f'-DCOVERAGE_FILE="{slot}/map"', f'-DCOVERAGE_SIZE={SIZE}')]
        jobs += [(os.path.join(build.srcdir, source), '-fsanitize-coverage=trace-pc')
                 for source in build.sources]
        for number, (source, *options) in enumerate(jobs):
            objects.append(f'{slot}/{number}.o')
            if not build.compile(source, objects[-1], '-O0', '-g', *options):
                sys.exit(f'{source}: cannot compile')
        for program in build.tests:
            build.link_test(program, slot, objects)
        with open(f'{slot}/map', 'wb') as file:
            file.truncate(SIZE)

    def _blocks(self):
        """The file and line of each basic block, by its offset in the map."""
        program = os.path.join(self.slot, self.build.tests[0])
        code = subprocess.run(['objdump', '-d', '--no-show-raw-insn', program], check=True,
                              capture_output=True, text=True).stdout
        begin = int(re.search(r'^(\w+) <coverage_begin>:', code, re.MULTILINE)[1], 16)
        calls = re.findall(r'^ *(\w+):\tcall +\w+ <__sanitizer_cov_trace_pc>\n +(\w+):', code,
                           re.MULTILINE)
        output = subprocess.run(['addr2line', '-e', program], input='\n'.join(c for c, _ in calls),
                                check=True, capture_output=True, text=True).stdout
        for (_, after), place in zip(calls, output.splitlines()):
            match = re.search(r'(src/\w+/[\w-]+\.c):(\d+)', place)
            if match:
                yield int(after, 16) - begin, (match[1], int(match[2]))

    def _run(self, unit):
        """Run one case: what it executed."""
        path = os.path.join(self.slot, f'map-{digest(*unit)}')
        with open(path, 'wb') as file:
            file.truncate(SIZE)
        os.chmod(path, 0o666)
        result, seconds = self.build.run(unit, self.slot, 600, (path, f'{self.slot}/map'))
        blocks = read(path)
        os.remove(path)
        return result, seconds, [at for at, byte in enumerate(blocks) if byte]

    def measure(self, jobs):
        """Measure what is not in the file."""
        build, known = self.build, {}
        sources = digest(*(read(os.path.join(build.srcdir, file)) for file in build.sources))
        if os.path.exists(self.path):
            known = json.loads(read(self.path))
        if known.get('sources') != sources:
            known = {'sources': sources}
        self.cases = [(program, case, build.key(program)) for program in build.tests
                      for case in build.cases(program)]
        missing = [unit for unit in self.cases if ' '.join(unit) not in known]
        if missing:
            self._prepare()
            known['blocks'] = list(self._blocks())
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                for unit, found in zip(missing, pool.map(self._run, missing)):
                    known[' '.join(unit)] = found
                    print(f'coverage: {unit[0]} {unit[1]}: {found[0]}, {found[1]:.1f} s', flush=True)
            with open(self.path, 'w', encoding='utf-8') as file:
                json.dump(known, file)
        self._index(known)

    def _index(self, known):
        places = {offset: tuple(place) for offset, place in known['blocks']}
        for file, line in places.values():
            self.lines.setdefault(file, set()).add(line)
        self.lines = {file: sorted(lines) for file, lines in self.lines.items()}
        for unit in self.cases:
            result, self.seconds[unit], offsets = known[' '.join(unit)]
            if result != 'survived':
                self.broken.add(unit)
            for place in {places[offset] for offset in offsets if offset in places}:
                self.reached.setdefault(place, []).append(unit)

    def reaching(self, file, line):
        """The cases that execute the block which contains a line."""
        lines = self.lines.get(file, [])
        at = bisect.bisect_right(lines, line)
        return self.reached.get((file, lines[at - 1]), []) if at else []
