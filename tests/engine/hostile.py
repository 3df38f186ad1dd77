"""A plugin whose one policy type does to its process whatever its rules say, for tests of the host that judges with it."""

CODE = """
import ctypes, re, signal, socket, subprocess, sys, time
from waiaas.interfaces.policy import Tier, Verdict, Window

class Rules(BaseModel):
    how: str
    note: str = ""

    def __init__(self, **values):
        super().__init__(**values)
        if self.how == "hang in rules":
            while True: pass

def spin():
    while True: pass

def name(word):
    ctypes.CDLL(None).prctl(15, word, 0, 0, 0)

def fork():
    if os.fork() == 0:
        name(b"hostile-child")
        while True: time.sleep(60)

def answer(**more):
    return Verdict(**{"tier": Tier.NOTIFY, "code": "FINE", "reason": "as it should be", **more})

def window(**more):
    return Window(**{"name": "w", "measure": "count", "seconds": 1, "scope": "agent", **more})

calls = [0]
hoard = []

def milder():
    calls[0] += 1
    return answer(tier=Tier.INSTANT if calls[0] == 1 else Tier.DENY, code="SECOND_THOUGHTS")

def mouth():
    return next(fd for fd in range(3, 64) if is_socket(fd))

def speak_later():
    signal.signal(signal.SIGALRM, speak)
    signal.setitimer(signal.ITIMER_REAL, 0.02)

def speak(*_):
    os.write(mouth(), b"\\0\\0\\0\\x02{}")

def is_socket(fd):
    try: return os.readlink(f"/proc/self/fd/{fd}").startswith("socket")
    except OSError: return False

DEEDS = {
    "fine": answer,
    "nothing": lambda: None,
    "raise": lambda: 1 / 0,
    "raise worse": lambda: (_ for _ in ()).throw(KeyboardInterrupt("\\x1b[31m" + "x" * 10000)),
    "exit": lambda: sys.exit(0),
    "exit at once": lambda: os._exit(0),
    "segfault": lambda: ctypes.string_at(1),
    "kill itself": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "spin": spin,
    "regex": lambda: re.match(r"(a|a)*$", "a" * 64 + "b"),
    "sleep": lambda: time.sleep(3600),
    "sleep with the interpreter": lambda: (name(b"hostile-asleep"), ctypes.PyDLL(None).sleep(3600)),
    "hoard": lambda: hoard.append(bytearray(1 << 30)),
    "hoard slowly": lambda: [hoard.append(bytearray(1 << 20)) for _ in range(4096)],
    "print": lambda: (print("ALLOW", flush=True), os.write(1, b"x" * 100000), os.write(2, b"x" * 100000), answer())[-1],
    "write to the socket": lambda: (os.write(mouth(), b"\\0\\0\\0\\x0e{\\"value\\":null}"), answer())[-1],
    "flood the socket": lambda: [os.write(mouth(), b"x" * 65536) for _ in range(4096)],
    "dribble": lambda: [(os.write(mouth(), byte), time.sleep(0.01)) for byte in [b"\\0\\x0f\\0\\0", *[b" "] * 100000]],
    "fork": lambda: (fork(), answer())[-1],
    "fork and spin": lambda: (fork(), spin()),
    "write a file": lambda: (pathlib.Path(__file__).with_suffix(".out").write_text("x"), answer())[-1],
    "speak afterwards": lambda: (speak_later(), answer())[-1],
    "milder first": milder,
    "a word": lambda: "ALLOW",
    "a dictionary": lambda: {"tier": "INSTANT", "code": "X", "reason": "x"},
    "a float": lambda: answer(remaining=1.5),
    "a boolean": lambda: answer(remaining=True),
    "less than nothing": lambda: answer(remaining=-1),
    "a tier of its own": lambda: answer(tier="FREE"),
    "no code": lambda: answer(code="not upper case"),
    "no reason": lambda: answer(reason=None),
    "a strange window": lambda: answer(valid_while={"nobody": 5}),
    "an endless reason": lambda: answer(reason="x" * 2_000_000),
    "an ugly reason": lambda: answer(reason="a\\u202eb\\x1b[31m\\nc"),
    "itself": lambda: hoard,
    "its environment": lambda: answer(reason=" ".join(sorted(os.environ))),
    "its descriptors": lambda: answer(reason=" ".join(sorted(os.listdir("/proc/self/fd")))),
}

class Hostile(PolicyType[Rules]):
    type = "HOSTILE"
    rules_model = Rules
    grants = False

    def normalise(self, rules, reader):
        if rules.how == "hang at writing": spin()
        if rules.how == "ask": return rules.model_copy(update={"note": reader.address(rules.note)})
        return rules

    def windows(self, rules, resolved):
        if rules.how == "spin in windows": spin()
        if rules.how == "endless windows": return (window() for _ in iter(int, 1))
        if rules.how == "odd window": return [window(measure="anything")]
        if rules.how == "twins": return [window(), window()]
        return ()

    def judge(self, rules, facts):
        return DEEDS[rules.how]()

    def is_tighter(self, old, new):
        if new.how == "hang at comparing": spin()
        return "yes" if new.how == "a word" else new.how == "tighter"

@hookimpl
def waiaas_policy_types():
    return [Hostile]
"""
