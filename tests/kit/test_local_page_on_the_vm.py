"""The local page on the board's own interpreter, without a socket: every page is drawn and every form is taken there too."""

from nsptools.bench import vm

SCRIPT = r'''
import asyncio, gc, json, sys
sys.path.append("lib")
with open("settings.json", "w") as file:
    json.dump({"local": {"point": "De Linde", "stock": ["water"], "topics": ["zorg", "water"]}}, file)

from nspkit.calls import Call
from nspkit.local.server import Server, Site


class Thing:
    def __init__(self, **what):
        for name in what:
            setattr(self, name, what[name])


made, told, said = [], [], []


def make(now, kind, exercise):
    made.append(Call(len(made) + 1, [None, None, "help", 1], kind, exercise, now))
    return made[-1]


def detail(call, kind, typed, tails, now):
    told.append((kind, typed, len(tails)))
    call.typed = typed
    return True


async def yes(key):
    said.append(key)
    return True


calls = Thing(
    exercising=lambda now: True, offered=lambda: True, all=lambda: made[::-1], make=make, detail=detail,
    state=lambda call, now: ("sent", None), withdraw=lambda now, call: said.append("withdrawn"),
)
inbox = Thing(
    status112="off", shown=lambda: (12, 1, "Kook <b>water</b> \u00e9\u00e9n keer".encode(), None), hangs=lambda: False,
    hanging=lambda: [(11, 2)], hung=yes, taken_down=yes,
)
kit = Thing(
    calls=calls, inbox=inbox, conf={"address": 65}, board=Thing(folder="", free_heap=lambda: None), reported=None,
    clock=Thing(ms=lambda: 120_000), uplink=Thing(report=lambda values, now: said.append(values) or [None, None, "report"]),
)


class Wire:
    """What microdot reads a request from and writes its answer to."""

    def __init__(self, data):
        self.data, self.out, self.at = data, b"", 0

    async def read(self, count):
        start, self.at = self.at, self.at + count
        return self.data[start : self.at]

    async def awrite(self, data):
        self.out += data

    async def aclose(self):
        pass

    def close(self):
        pass

    async def wait_closed(self):
        pass

    def get_extra_info(self, name):
        return None


server = Server(Site(kit, lambda now: 28), ("10.0.0.1",))


def ask(method, path, body=""):
    body = body.encode()
    head = "%s %s HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
    wire = Wire((head % (method, path, len(body))).encode() + body)
    asyncio.run(server.handle_request(wire, wire))
    return wire.out.decode()


def form_of(page):
    fields = []
    for name in ("token", "form"):
        start = page.rfind('name="%s" value="' % name) + len('name="" value="') + len(name)
        fields.append(name + "=" + page[start : page.find('"', start)])
    return "&".join(fields) + "&"


page = ask("GET", "/hulp")
out = ask("POST", "/hulp", form_of(page) + "kind=ambulance&what=pijn+op+de+borst+%C3%A9+&exercise=practised")
print(out.split("\r\n")[0], [line for line in out.split("\r\n") if line.startswith("Location")])
print(made[0].kind, made[0].exercise, told)
for path in ("/", "/hulp/1", "/bericht", "/bericht/a4", "/bericht/kaarten", "/puntbericht", "/weg"):
    out = ask("GET", path)
    print(path, out.split(" ")[1], "De Linde" in out, "&lt;b&gt;" in out, out.endswith(">"))
page = ask("GET", "/puntbericht")
out = ask("POST", "/puntbericht", form_of(page) + "staff=4&relief=1%2C5&stock_0=1&topic_1=1&count_1=3&note=kachel")
print(out.split(" ")[1], said[-1]["staff"], said[-1]["relief_quarters"], said[-1]["stock_low"], said[-1]["topic_1"], said[-1]["text"])
print(ask("POST", "/puntbericht", form_of(ask("GET", "/puntbericht")) + "staff=veel").split(" ")[1])
page = ask("GET", "/bericht")
ask("POST", "/bericht/weg", form_of(page) + "about=11.2")
print(said[-1])
'''

SAID = """\
HTTP/1.0 303 N/A ['Location: /?m=sent']
ambulance True [('ambulance', {'what': 'pijn op de borst \\xe9'}, 1)]
/ 200 True False True
/hulp/1 200 False False True
/bericht 200 False True True
/bericht/a4 200 True True True
/bericht/kaarten 200 True True True
/puntbericht 200 False False True
/weg 404 True False True
303 4 6 1 1 b'kachel'
422
(11, 2)
"""


def test_every_page_and_form_works_on_the_boards_interpreter():
    """What CPython takes and MicroPython does not is found here, not on a phone in the field."""
    result = vm.run_script(SCRIPT, heap="400k")
    assert result == (0, SAID), result.stdout
