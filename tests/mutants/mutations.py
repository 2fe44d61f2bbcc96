# SPDX-License-Identifier: MIT
"""The mutations of a C file in the style of this tree: one change in one line each."""
import re

SWAPS = (('&&', '||'), ('||', '&&'), ('==', '!='), ('!=', '=='), (' < ', ' <= '), (' <= ', ' < '),
         (' > ', ' >= '), (' >= ', ' > '), (' + ', ' - '), (' - ', ' + '), ('++', '--'), ('--', '++'))
# "< 0" becomes "<= 0": "< 1" would be the same.
NUMBERS = ((r'(?<![\w.])(?<![<>] )(?<![<>]= )0(?![\w.])', '1'), (r'(?<![\w.-])1(?![\w.])', '0'),
           (r'(?<!\w )(?<!\w)-1(?![\w.])', '0'))
DECLARATION = re.compile(r'\s+(?!return\b|goto\b|else\b|case\b)(\w+\s+)+[\s*]*\w+(\[.*\])?\s*[=;,(].*')
STATEMENT = re.compile(r'\t+(\(void\))?[\w.>*&\[\]()-]+( [-+|&]?= .*|\(.*\)|\+\+|--);$')
COMPLETE = re.compile(r'([;{}:)]|\belse|\bdo|^\s*|^#.*)$')


def masked(text):
    """The text, with comments, literals and preprocessor lines as blanks."""
    def blank(match):
        return re.sub(r'[^\n]', '"' if match[0][0] in '"\'' else ' ', match[0])
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.DOTALL)
    return re.sub(r'^#(.*\\\n)*.*', blank, text, flags=re.MULTILINE)


def changes(line, before):
    """The mutated forms of a line of a function; BEFORE is the previous line."""
    for old, new in SWAPS:
        for match in re.finditer(re.escape(old), line):
            yield line[:match.start()] + new + line[match.end():]
    for old, new in NUMBERS:
        for match in re.finditer(old, line):
            yield line[:match.start()] + new + line[match.end():]
    for match in re.finditer(r'!(?=[\w(*])', line):
        yield line[:match.start()] + line[match.end():]
    match = re.match(r'(.*\bif \()(.*)\)( \{)?$', line)
    if match:
        yield f'{match[1]}!({match[2]})){match[3] or ""}'
    indent = re.match(r'\s*', line)[0]
    if re.match(r'\s*return .*;$', line):
        yield from (f'{indent}return {value};' for value in ('0', '-EINVAL'))
    elif STATEMENT.match(line) and COMPLETE.search(before):
        yield indent + ';'


def restored(mask, line, changed):
    """The changed mask of a line, with its literals put back."""
    literals = re.compile(r'"+')
    texts = [line[match.start():match.end()] for match in literals.finditer(mask)]
    if len(literals.findall(changed)) != len(texts):
        return changed if not literals.search(changed) else None
    return literals.sub(lambda match: texts.pop(0), changed)


def mutations(text):
    """All (line number, function, line, mutated line) of a file."""
    function, before, inside = '', '', False
    for number, (mask, line) in enumerate(zip(masked(text).split('\n'), text.split('\n')), 1):
        name = re.match(r'[a-z].*?(\w+)\(', mask)
        function = name[1] if name and not inside else function
        inside = mask == '{' or inside and mask != '}'
        if inside and mask.strip() and not re.search(r'\bassert\b', mask) and \
                not DECLARATION.match(mask):
            seen = {line}
            for changed in changes(mask.rstrip(), before):
                changed = restored(mask.rstrip(), line, changed)
                if changed is not None and changed not in seen:
                    seen.add(changed)
                    yield number, function, line, changed
        before = mask.rstrip() if mask.strip() else before
