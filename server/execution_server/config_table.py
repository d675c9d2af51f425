"""
The table of settings: the environment's names, the command line's flags, the defaults and the reference in
docs/operations.md all come from it.
"""

from dataclasses import dataclass

from .config_kinds import (
    Kind,
    address,
    auto_or,
    choice,
    duration,
    empty_or,
    matching,
    on_off,
    path,
    power_of_two,
    store_url,
    whole_number,
)

ENVIRONMENT_PREFIX = "EXECUTION_"


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One row of the table.

    Attributes:
        name: the attribute of ``Settings``; flag and environment name are made from it.
        kind: what its value looks like.
        default: as one would type it.
        meaning: for ``--help`` and the docs.
        internal: set by the supervisor for its workers only; has no flag.
        secret: may hold a password: its value is in no message.
    """

    name: str
    kind: Kind
    default: str
    meaning: str
    internal: bool = False
    secret: bool = False

    @property
    def env(self) -> str:
        """Its name in the environment."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return "--" + self.name.replace("_", "-")


STORE_URL = store_url()
_KEY_PREFIX = matching(
    "TEXT", r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", "1 to 64 letters, digits, '.', '_', ':' or '-'"
)
_COUNT = whole_number(1, 1_000_000)

# The upper limits of deadlines and checkpoints are the contract's: proto/croco/execution/v1.
SETTINGS = (
    Setting(
        "store_url",
        STORE_URL,
        "",
        "The Redis or Valkey that keeps the executions: a server, a cluster, or what sentinels call name. Empty: an "
        "embedded one, in data_dir. memory:// keeps them in this process only, for trying things out.",
        secret=True,
    ),
    Setting(
        "store_url_file", path(), "", "A file that holds the store_url: the way to give one with a password."
    ),
    Setting(
        "durability",
        choice("relaxed", "local", "replicated"),
        "relaxed",
        "What a change has survived when it is acknowledged: what the store is set to (relaxed), the loss of its power "
        "(local: it is on its disk), or also the loss of its machine (replicated: its replicas have it too). A store "
        "that is not set to it is refused.",
    ),
    Setting(
        "replicas",
        whole_number(1, 16),
        "1",
        "How many replicas of each primary must have a change before it is acknowledged, if durability is replicated: "
        "all that there are.",
    ),
    Setting(
        "require_store_url",
        on_off(),
        "off",
        "Refuse to start an embedded store. On in the container image, whose disk does not last.",
    ),
    Setting(
        "data_dir",
        auto_or(path()),
        "auto",
        "Where the embedded store keeps its data, for one server at a time. auto: $XDG_DATA_HOME/execution-server, "
        "else ~/.local/share/execution-server.",
    ),
    Setting(
        "appendfsync",
        choice("everysec", "always"),
        "everysec",
        "When the embedded store writes through to the disk: a power cut may take the last two seconds, or (always, "
        "slower) nothing that was acknowledged.",
    ),
    Setting(
        "partitions",
        power_of_two(1024),
        "16",
        "Into how many parts the keys are divided. Fixed when a store is first used: another number is refused.",
    ),
    Setting("key_prefix", _KEY_PREFIX, "execution", "What every key in the store begins with."),
    Setting("listen", address(), "127.0.0.1:50051", "Where gRPC calls are answered. Port 0: any free port."),
    Setting(
        "allow_plaintext",
        on_off(),
        "off",
        "Whether to listen without TLS where other machines can reach it: for where something else encrypts, such as a "
        "service mesh. On loopback it needs no leave.",
    ),
    Setting(
        "tls_certificate",
        path(),
        "",
        "The server's certificate with those of its issuers, in PEM; with it calls are encrypted. It and the two "
        "below are read again when they change.",
    ),
    Setting("tls_key", path(), "", "The key of tls_certificate, in PEM, not encrypted."),
    Setting(
        "tls_client_ca",
        path(),
        "",
        "Who issues the certificates of clients, in PEM; with it every client must show one (mTLS).",
    ),
    Setting(
        "tokens_file",
        path(),
        "",
        "Who may call, and what: the file of callers, read again when it changes. Empty: everybody may everything.",
    ),
    Setting(
        "metrics_listen",
        empty_or(address()),
        "",
        "Where Prometheus reads /metrics, without TLS. Empty: nowhere. Of several workers the first listens there, the "
        "second on the next port, and so on. Port 0: any free port, which the log tells.",
    ),
    Setting(
        "tracing",
        on_off(),
        "off",
        "Send OpenTelemetry traces by OTLP over gRPC; the OTEL_* variables say where to. Needs the extra 'tracing'.",
    ),
    Setting(
        "workers", whole_number(1, 256), "1", "How many processes share the port; each keeps one core busy."
    ),
    Setting(
        "reflection",
        auto_or(on_off()),
        "auto",
        "Whether the server describes its interface to tools. auto: only when it listens on loopback.",
    ),
    Setting(
        "default_deadline",
        duration("10ms", "30s"),
        "10s",
        "How long a call may take whose caller set no deadline; max_deadline at most.",
    ),
    Setting(
        "max_deadline",
        duration("10ms", "30s"),
        "30s",
        "How long a call may take, whatever its caller set; watches and waits excepted.",
    ),
    Setting("max_inflight", _COUNT, "8192", "Calls under way in one process; more are refused."),
    Setting(
        "max_inflight_per_connection",
        _COUNT,
        "1024",
        "Calls under way on one connection; more are refused, so that a flood on one leaves room for the others.",
    ),
    Setting(
        "max_inflight_bytes",
        whole_number(4_194_304, 2**40),
        "268435456",
        "Bytes of the requests under way in one process; more are refused. A single call always finds room.",
    ),
    Setting("max_watches", _COUNT, "10000", "Watches open in one process; more are refused."),
    Setting(
        "max_watches_per_connection", _COUNT, "1000", "Watches open on one connection; more are refused."
    ),
    Setting(
        "max_work_streams",
        _COUNT,
        "2000",
        "Work streams open and claims waiting in one process; more are refused.",
    ),
    Setting(
        "max_work_streams_per_connection",
        _COUNT,
        "1000",
        "Work streams open and claims waiting on one connection; more are refused.",
    ),
    Setting(
        "max_streams_per_connection",
        auto_or(whole_number(100, 1_000_000)),
        "auto",
        "Calls of all classes that gRPC lets through on one connection; more wait at the client, unrefused. auto: so "
        "many that each limit per connection is reached before. With fewer, a flood delays others less.",
    ),
    Setting(
        "max_checkpoints", whole_number(1, 2_000), "100", "Checkpoints of one execution; more are refused."
    ),
    Setting(
        "retention",
        duration("0ms", "87600h"),
        "168h",
        "How long a completed or cancelled execution is kept where its creator does not say; 0s: for ever.",
    ),
    Setting(
        "failed_retention",
        duration("0ms", "87600h"),
        "720h",
        "How long a failed or timed out execution is kept where its creator does not say; 0s: for ever.",
    ),
    Setting(
        "drain_delay",
        auto_or(duration("0ms", "10m")),
        "auto",
        "How long a stopping server that already reports NOT_SERVING still takes calls, so that load balancers notice. "
        "auto: 5s, or 0 when it listens on loopback.",
    ),
    Setting(
        "drain_grace", duration("0ms", "1h"), "20s", "How long a stopping server lets calls under way finish."
    ),
    Setting("slow_call", duration("1ms", "1h"), "1s", "A call that takes longer is logged as slow."),
    Setting(
        "log_format",
        choice("auto", "json", "text"),
        "auto",
        "One JSON object per line, or text for people. auto: text on a terminal.",
    ),
    Setting(
        "log_level", choice("debug", "info", "warning", "error"), "info", "The least severe messages to log."
    ),
    Setting(
        "ready_file",
        path(),
        "",
        "A file that holds the address on which calls are answered, from when they are until the server stops.",
    ),
    Setting("reuse_port", on_off(), "off", "Share the port with the other workers.", internal=True),
    Setting(
        "parent_pid",
        whole_number(0, 2**31),
        "0",
        "The supervisor; without it this process ends. 0: none.",
        internal=True,
    ),
)
