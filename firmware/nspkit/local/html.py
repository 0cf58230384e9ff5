"""HTML of the local page in small pieces, so that no page is ever whole in the heap. Text of people is made harmless here."""

from nspkit.local.words import word

STYLE = """
body{font:1.1rem/1.5 system-ui,sans-serif;margin:0 auto;padding:0 1rem 3rem;max-width:40rem;color:#111;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.2rem;margin:2rem 0 .4rem;border-bottom:2px solid #111}
p,pre,ul{margin:.5rem 0}pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #666;padding:.7rem}
label,fieldset{display:block;margin:.9rem 0 0}fieldset{border:1px solid #666;padding:.3rem .8rem}fieldset label{margin:.3rem 0}
input,select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #666;border-radius:0}
input[type=radio],input[type=checkbox]{width:1.4rem;height:1.4rem;vertical-align:middle;margin:.3rem .6rem .3rem 0}
button,.go{font:inherit;font-weight:700;display:block;box-sizing:border-box;width:100%;margin:1rem 0;padding:.9rem;text-align:center;
color:#fff;background:#14406b;border:2px solid #14406b;text-decoration:none;border-radius:.3rem}
.plain{color:#14406b;background:#fff}.said{border:3px solid #14406b;padding:.6rem}.bad{border:3px solid #a00000;padding:.6rem}
.bar{background:#111;color:#fff;padding:.6rem;font-weight:700;font-size:1.3rem;text-align:center;margin:0 -1rem}.big{font-weight:700}
.sheet pre{font-size:2rem;line-height:1.35;border:0;padding:0}.sheet h1{font-size:2.2rem;border-bottom:4px solid #111}
.card{border:1px dashed #111;padding:.6rem;margin:.6rem 0}.card h2{margin:0}.card pre{border:0;padding:0}
@media print{.no{display:none}body{max-width:none;padding:0;margin:0;font-size:12pt}@page{size:A4;margin:15mm}.bar{border:3px solid #111;
color:#111;background:#fff;margin:0}.sheet pre{font-size:26pt}.cards{display:grid;grid-template-columns:1fr 1fr}.card{min-height:120mm;
margin:0;box-sizing:border-box;padding:6mm;break-inside:avoid}}
"""
_HARMLESS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))


def safe(text) -> str:
    """A text of people or settings, to stand in HTML and in its attributes."""
    text = str(text)
    for letter, instead in _HARMLESS:
        text = text.replace(letter, instead)
    return text


def head(title: str, exercising: bool):  # noqa: ANN201 - pieces of HTML, as all functions here give
    """What a page begins with. No page draws itself anew: nobody who reads it aloud or types loses their place."""
    yield '<!doctype html><html lang="nl"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield "<title>%s</title><style>" % title
    yield STYLE
    yield "</style><body><main>"
    if exercising:
        yield '<div class="bar">%s</div>' % word("exercise_bar")


def para(text: str, kind: str = "") -> str:
    """A paragraph; ``kind``: its class."""
    return "<p%s>%s</p>" % (kind and ' class="%s"' % kind, text)


def link(path: str, text: str, kind: str = "go") -> str:
    """A link that looks like a button."""
    return '<a class="%s" href="%s">%s</a>' % (kind, path, text)


def button(text: str, kind: str = "") -> str:
    """The button that sends a form, and the form's end."""
    return "<button%s>%s</button></form>" % (kind and ' class="%s"' % kind, text)


def field(name: str, label: str, most: int, value: str = "", kind: str = "text") -> str:
    """A line to type in. ``most``: letters; ``kind``: "numeric" and "decimal" show a phone's digits."""
    return '<label>%s<input name="%s" maxlength="%d" inputmode="%s" autocomplete="off" value="%s"></label>' % (
        label, name, most, kind, safe(value),
    )


def choice(name: str, label: str, rows, chosen: str):  # noqa: ANN201 - as head
    """One of several, all to be seen. ``rows``: (value, text) of each."""
    yield "<fieldset><legend>%s</legend>" % label
    for value, text in rows:
        yield tick(name, value, text, value == chosen, "radio")
    yield "</fieldset>"


def tick(name: str, value: str, text: str, on: bool = False, kind: str = "checkbox") -> str:
    """A box to tick."""
    return '<label><input type="%s" name="%s" value="%s"%s>%s</label>' % (kind, name, value, (on and " checked") or "", text)


def select(name: str, label: str, rows, chosen: str):  # noqa: ANN201 - as head
    """One of several, or "", which is unknown. ``rows``: (value, text) of each."""
    yield '<label>%s<select name="%s"><option value="">%s' % (label, name, word("unknown"))
    for value, text in rows:
        yield '<option value="%s"%s>%s' % (value, (value == chosen and " selected") or "", text)
    yield "</select></label>"
