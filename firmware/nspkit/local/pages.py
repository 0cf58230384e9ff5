"""The pages themselves, each as pieces of HTML. ``site``: see server.Site; ``said``: a paragraph about what was just done, or ""."""

from nspkit.local import forms
from nspkit.local.html import button, choice, field, head, link, para, safe, select, tick
from nspkit.local.words import word
from nspkit.outbound import ARRIVED
from nsplink.fields import VISITORS


def home(site, said: str):  # noqa: ANN201 - pieces of HTML, as all pages give
    """Everything at a glance."""
    kit, now = site.kit, site.now()
    exercising = kit.calls.exercising(now)
    yield from head(word("title") % safe(site.point), exercising)
    yield "<h1>%s</h1>" % (word("title") % safe(site.point))
    yield said
    yield link("/", word("refresh"), "go plain")
    if exercising:
        yield para(word("exercise_more"))
    yield "<h2>%s</h2>" % word("help")
    calls = kit.calls.all()
    for call in calls:
        yield para(_title(call, exercising) + ": " + _state(site, call, now), "said")
        yield link("/hulp/%d" % call.number, word("call_open") % call.number, "go plain")
    yield para(word((kit.inbox.status112 or "unset") + "_112"), "big")
    if kit.calls.offered():
        yield para(word("this_is_not") + " " + word("help_quick"))
        # A second call is one more for somebody to read: what is there already can be added to.
        yield link("/hulp", word("help_another" if calls else "help_type"), "go plain" if calls else "go")
    else:
        yield para(word("help_closed"))
    yield "<h2>%s</h2>" % word("message")
    message = kit.inbox.shown()
    yield para(word("message_title") % message[:2] if message else word("message_none"))
    if message:
        yield link("/bericht", word("message_open"), "go plain")
    yield from _old(site)
    yield "<h2>%s</h2>" % word("report")
    if site.kit.reported is None:
        yield para(word("report_none"))
    else:
        _, event, made_ms = site.kit.reported
        yield para(word("report_there" if event[2] == ARRIVED else "report_waits") % ((now - made_ms) // 60_000))
    yield link("/puntbericht", word("report_open"), "go plain")
    yield para(word("closes") % site.minutes_left(now))


def call_form(site, said: str, form: dict):  # noqa: ANN201 - as home
    """A call for help to be typed."""
    exercising = site.kit.calls.exercising(site.now())
    yield from _begin(word("help_type"), exercising, said)
    yield para(word("this_is_not") + " " + word("help_more"), "big")
    yield site.form("/hulp")
    if exercising:
        rows = [(name, word(name)) for name in ("real", "practised")]
        yield from choice("exercise", word("real_or"), rows, form.get("exercise", "real"))
    yield from _call_fields(forms.kind(form), form)
    yield button(word("help_send"))
    yield from _end()


def call(site, said: str, one, form: dict):  # noqa: ANN201 - as home
    """One call for help: what has become of it, what was typed of it. ``one``: calls.Call; ``form``: what is to be corrected."""
    now = site.now()
    word_of, values = site.kit.calls.state(one, now)
    exercising = site.kit.calls.exercising(now)
    yield from _begin(_title(one, exercising), exercising, said)
    yield para(_state(site, one, now), "big")
    if values is not None and values["text"]:
        yield "<pre>%s</pre>" % safe(_decoded(values["text"]))
    if one.made_ms is not None:
        yield para(word("call_at") % ((now - one.made_ms) // 60_000))
    yield link("/", word("home"), "go plain")
    if word_of in ("closed", "withdrawn"):
        return
    yield "<h2>%s</h2>" % word("help_add")
    if one.made_ms is None:
        yield para(word("help_lost"))
    yield site.form("/hulp/%d" % one.number)
    yield from _call_fields(forms.kind(form) if form else one.kind, form or one.typed)
    yield button(word("help_resend"))
    yield "<h2>%s</h2>" % word("withdraw")
    yield site.form("/hulp/%d/intrekken" % one.number)
    yield tick("sure", "1", word("withdraw_sure"))
    yield button(word("withdraw_do"), "plain")


def message(site, said: str):  # noqa: ANN201 - as home
    """The message to residents, to be read, printed and hung up."""
    shown = site.kit.inbox.shown()
    yield from _begin(word("message"), site.kit.calls.exercising(site.now()), said)
    if shown is None:
        yield para(word("message_none"))
    else:
        yield "<h2>%s</h2><pre>%s</pre>" % (word("message_title") % shown[:2], safe(_decoded(shown[2])))
        yield link("/bericht/a4", word("message_sheet"), "go plain")
        yield link("/bericht/kaarten", word("message_cards"), "go plain")
        if site.kit.inbox.hangs():
            yield para(word("message_hangs"), "said")
        else:
            yield para(word("message_hang"))
            yield site.form("/bericht/hangt", "%d.%d" % shown[:2])
            yield button(word("message_do"))
    yield from _old(site)
    yield from _end()


def sheet(site, cards: bool):  # noqa: ANN201 - as home
    """The message to residents on paper: one for the wall, or four cards."""
    shown = site.kit.inbox.shown()
    exercising = site.kit.calls.exercising(site.now())
    yield from head(word("message"), exercising)
    yield '<p class="no">%s</p>%s' % (word("message_print"), link("/bericht", word("message"), "go plain no"))
    if shown is None:
        yield para(word("message_none"))
        return
    text = safe(_decoded(shown[2]))
    names = (safe(site.point),) + shown[:2]
    if not cards:
        yield '<div class="sheet"><h1>%s</h1><pre>%s</pre>%s</div>' % (word("message"), text, para(word("sheet_foot") % names))
        return
    yield '<div class="cards">'
    for _ in range(4):
        bar = (exercising and para(word("exercise_bar"), "big")) or ""
        yield '<div class="card"><h2>%s</h2>%s<pre>%s</pre>%s</div>' % (word("message"), bar, text, para(word("card_foot") % names))
    yield "</div>"


def report(site, said: str, form: dict):  # noqa: ANN201 - as home
    """The point report."""
    yield from _begin(word("report"), site.kit.calls.exercising(site.now()), said)
    yield para(word("report_why"))
    yield site.form("/puntbericht")
    yield from select("deployment", word("deployment"), _rows(forms.OPEN), form.get("deployment", ""))
    yield field("staff", word("staff"), 2, form.get("staff", ""), "numeric")
    yield field("staff_needed", word("staff_needed"), 2, form.get("staff_needed", ""), "numeric")
    yield field("relief", word("relief"), 5, form.get("relief", ""), "decimal")
    yield from select("visitors", word("visitors"), _rows(VISITORS), form.get("visitors", ""))
    if site.stock:
        yield "<fieldset><legend>%s</legend>" % word("stock")
        for index, name in enumerate(site.stock):
            yield tick("stock_%d" % index, "1", safe(name), "stock_%d" % index in form)
        yield "</fieldset>"
    if site.topics:
        yield "<fieldset><legend>%s</legend>" % word("topics")
        rows = [(str(index), safe(name)) for index, name in enumerate(site.topics)]
        for place in range(1, forms.TOPICS + 1):
            name, count = "topic_%d" % place, "count_%d" % place
            yield from select(name, word("topic") % place, rows, form.get(name, ""))
            yield field(count, word("count"), 2, form.get(count, ""), "numeric")
        yield "</fieldset>"
    yield field("note", word("note"), forms.NOTE_BYTES, form.get("note", ""))
    yield button(word("report_send"))
    yield from _end()


def only(site, said: str):  # noqa: ANN201 - as home
    """Nothing but one sentence."""
    yield from _begin(word("title") % safe(site.point), False, said)
    yield from _end()


def _begin(title: str, exercising: bool, said: str):  # noqa: ANN202 - as home
    yield from head(title, exercising)
    yield "<h1>%s</h1>%s" % (title, said)


def _end():  # noqa: ANN202 - as home
    yield link("/", word("home"), "go plain")


def _call_fields(kind: str, values: dict):  # noqa: ANN202 - as home
    yield from choice("kind", word("kind"), _rows(forms.KINDS), kind)
    for name, most in forms.LETTERS:
        yield field(name, word(name), most, values.get(name, ""))


def _old(site):  # noqa: ANN202 - as home
    """What still hangs and is not true any more."""
    for key in site.kit.inbox.hanging():
        yield para(word("message_old") % key, "bad")
        yield site.form("/bericht/weg", "%d.%d" % key)
        yield button(word("message_gone"))


def _title(one, exercising: bool) -> str:
    """Its number, and what it is where that could be mistaken."""
    mark = word("practised") if one.exercise else word("not_practised") if exercising else ""
    return word("call") % one.number + (" (%s)" % mark if mark else "")


def _state(site, one, now: int) -> str:
    name = site.kit.calls.state(one, now)[0]
    text = word("state_" + name)
    return text % safe(site.reserve) if name == "not_arrived" else text


def _rows(names: tuple) -> list:
    return [(name, word(name)) for name in names]


def _decoded(text: bytes) -> str:
    try:
        return str(text, "utf-8")
    except UnicodeError:
        return ""
