"""Device tables with one mistake in them, and whether a comparison with the bench's device notices it.

Mistakes of a row: the next or the previous address, the words the other way
round, the other sign, a unit ten times off, the next bit, nibble or byte, one
code's word or one alarm code wrong. The table's own check is left out, so that
what it would refuse has to be noticed as well.
"""

from types import SimpleNamespace

from nspkit import table
from nspkit.quantities import UNITS

_ADDRESS, _TYPE, _UNIT = 2, 3, 4
_WORD_ORDER = {"u32": "u32lo", "s32": "s32lo", "u32lo": "u32", "s32lo": "s32"}
_SIGN = {"s16": "u16", "s32": "u32", "m8lo": "u8lo"}
_PARTS = {"u8hi": "u8lo", "u8lo": "u8hi"}
_MANY_CODES = 32  # beyond, words are made by a rule: the first code of each word stands for the rest


def source_of(model):
    """The module of a table."""
    return getattr(__import__(f"nspkit.models.{model}").models, model)


def mutants(model):
    """(name of the row, what is wrong, a module-like table with it), for every row of a table."""
    source = source_of(model)
    step = getattr(source, "ADDRESS_STEP", 1)
    for index, row in enumerate(source.REGISTERS):
        for what, column, value in _mistakes(row, step):
            if column != _ADDRESS or value >= 0:
                rows = list(source.REGISTERS)
                rows[index] = (*row[:column], value, *row[column + 1 :])
                yield row[0], what, _changed(source, REGISTERS=tuple(rows))
        words = getattr(source, "WORDS", {})
        if row[0] in words:
            for what, changed in _wrong_words(words[row[0]]):
                yield row[0], what, _changed(source, WORDS={**words, row[0]: changed})


def _changed(source, **others):
    """A copy of the module with other contents under these names."""
    return SimpleNamespace(**({name: getattr(source, name) for name in dir(source)} | others))


def _mistakes(row, step):
    kind, unit = row[_TYPE], row[_UNIT]
    yield "next address", _ADDRESS, row[_ADDRESS] + step
    yield "previous address", _ADDRESS, row[_ADDRESS] - step
    if kind in _WORD_ORDER:
        yield "word order", _TYPE, _WORD_ORDER[kind]
    if kind in _PARTS:
        yield "other byte", _TYPE, _PARTS[kind]
    for head, step_of, top in (("nibble", 4, 12), ("bit", 1, 15)):
        if kind.startswith(head) and kind != head:
            at = int(kind[len(head) :])
            yield "next part", _TYPE, f"{head}{at + step_of if at < top else at - step_of}"
    if unit:
        yield "unit", _UNIT, _other_unit(unit)
    elif kind == "u16":
        yield "byte for register", _TYPE, "u8lo"
    if kind in _SIGN:
        yield "sign", _TYPE, _SIGN[kind]


def _other_unit(unit):
    """The next unit of the same dimension, with another scale."""
    same = [name for name in UNITS if UNITS[name][0] == UNITS[unit][0] and UNITS[name][1:] != UNITS[unit][1:]]
    return same[0]


def _wrong_words(words):
    codes = list(words)
    if len(codes) > _MANY_CODES:
        first = {}
        for code, word in words.items():
            first.setdefault(word, code)
        codes = list(first.values())
    known = [word for word in dict.fromkeys(words.values()) if word is not None]
    for code in codes:
        others = [word for word in known if word != words[code]]
        if others:
            yield f"word of code {code}", {**words, code: others[0]}


def planned(source, name):
    """The table as the poller would have it, whatever its check says; None when it cannot even be planned."""
    check, table.check = table.check, lambda _model, _source: None
    try:
        source.__name__ = f"mutants.{name}"
        made = table.load(source)
    except (table.TableError, KeyError, ValueError):
        return None
    finally:
        table.check = check
    made.timeout_ms, made.late_ms = min(made.timeout_ms, 150), 0
    return made


async def survivors(bench, cases):
    """(mistakes made, those that no case notices) for the table of a TableBench.

    Rows whose quantities have no case are left out: that every one has some is
    a test of its own.
    """
    made, alive = 0, []
    for row, what, source in mutants(bench.model):
        concerned = _concerned(source, row)
        tried = [case for case in cases if case[2] in concerned]
        if not tried:
            continue
        made += 1
        changed = planned(source, bench.model)
        if changed is None:
            continue  # refused by the planner
        if not await bench.disagreements(tried, bench.poller_for(changed), enough=1):
            alive.append(f"{bench.model}: {row}: {what}")
    return made, alive


def _concerned(source, row):
    """Quantities that a row gives, itself or through others."""
    rules = getattr(source, "DERIVED", ())
    return {row} | {rule[0] for rule in rules if row in table.input_names(rule)}
