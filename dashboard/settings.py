"""Settings (设置): one frozen object made from `mingcha.toml` and the environment (design §4.3).

Nothing else in the project reads the file or the environment, except `bootstrap`, which calls `load`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from dashboard.errors import MingchaError
from dashboard.nearest import nearest

CONFIG_FILE = "mingcha.toml"
SAVED_SOURCES = "sources.d"
"""Folder beside mingcha.toml: a file per source that was saved on the Mapping page."""
SAVED_IN = "_saved_in"
"""Key by which a source's table says in which file of that folder it stands; no key of a source."""
ROLES = ("inspector", "reviewer", "regional_manager", "office_head", "evaluator", "administrator", "auditor")
LOCAL_NAMES = ("127.0.0.1", "localhost")
_SAFE = {("https", False), ("https", True), ("http", True)}
DEFAULT_SLOTS = {
    "1": "08:30-09:10",
    "2": "10:00-11:00",
    "3": "12:00-13:30",
    "4": "14:30-15:30",
    "5": "16:40-17:30",
}


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(_Table):
    url: str = "sqlite:///mingcha.db"
    migration_url: str | None = None
    """The same database as its owner, used for migrations only; best given as MINGCHA_MIGRATION_URL."""
    busy_seconds: float = Field(default=30.0, gt=0)
    """How long to wait for a database that another process has locked."""


class Slot(_Table):
    """A slot (时段) of a day: local wall-clock start and end, end exclusive."""

    number: int
    starts: time
    ends: time


class VideoSettings(_Table):
    person_model: str | None = None
    """Path of a YOLOX ONNX file, or the word `none`; absent: what the project's own packages bring."""
    face_model: str | None = None
    evidence_dir: str = "var/evidence"
    slots: dict[str, str] = Field(default_factory=lambda: dict(DEFAULT_SLOTS))
    workers: int | None = Field(default=None, ge=0)
    """Processes that look at clips, one core each; absent: as many as there are cores. 0: threads of the worker."""
    captures: int = Field(default=32, ge=1)
    """Minutes that each of them fetches at the same time; they wait for cameras and need hardly any processor."""
    memory_mb: int = Field(default=600, ge=200)
    """A process that needs more is ended, and what it did is done again by another."""
    scheduler: str | None = None
    """Address of a Dask scheduler (tls://host:8786) that is used instead of processes of our own."""
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    places: dict[str, str] = {}
    """Code of a hall, or of an office above it → the resource label of the workers near its cameras."""
    per_recorder: int = Field(default=4, ge=1)
    """Streams that are asked of one recorder (host and port) at the same time, counted per machine."""
    recorder_wait_seconds: float = Field(default=30, ge=0)
    """How long a look waits for one of them, or asks a recorder that refuses again, until it is `recorder_busy`."""
    secrets_file: str | None = None
    """TOML file of NAME = "password" for `${NAME}` in addresses of cameras; absent: the worker's environment."""
    recorders: dict[str, dict[str, Any]] = {}
    """Presets of one's own for addresses (`collectors/video/recorders.toml` has those that come along)."""

    @field_validator("recorders")
    @classmethod
    def _recorders_are_presets(cls, recorders: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if recorders:  # the import takes a tenth of a second, and hardly anybody has any
            from collectors.video.addresses import presets_of

            presets_of(recorders)
        return recorders

    @field_validator("slots")
    @classmethod
    def _slots_are_spans(cls, slots: dict[str, str]) -> dict[str, str]:
        for number, span in slots.items():
            parse_slot(number, span)
        return slots

    @property
    def slot_table(self) -> tuple[Slot, ...]:
        return tuple(sorted((parse_slot(n, s) for n, s in self.slots.items()), key=lambda slot: slot.number))


class PlanSettings(_Table):
    secret_file: str = "var/plan.secret"  # noqa: S105 - a path, not a password


class ReviewSettings(_Table):
    claim_minutes: float = Field(default=10, gt=0)
    """Minutes without action after which a sample leaves a reviewer's desk."""
    second_share: float = Field(default=0.05, ge=0, le=1)
    """Share of the samples at which a second person looks, whatever the first says."""
    gold_share: float = Field(default=0.02, ge=0, le=1)
    """Share of what a reviewer is given whose right answer is known."""
    secret_file: str = "var/review.secret"  # noqa: S105 - a path, not a password


class EvidenceSettings(_Table):
    key_file: str = "var/evidence.key"
    """The Ed25519 key that signs the chain's head; only the worker reads it."""
    heads_dir: str | None = None
    """A folder of the auditor's in which each day's signed head is laid."""


class RetentionSettings(_Table):
    """How long evidence and personal fields are kept, in days; a legal hold stands above all of it."""

    candidates: int = Field(default=30, ge=1)
    """Clips and frames in which nobody confirmed anything."""
    confirmed: int = Field(default=365, ge=1)
    """Those of a confirmed finding, after its case was closed and the appeal window had passed."""
    appeal: int = Field(default=30, ge=0)
    """Days after closing in which an appeal may still come."""
    ledgers: int = Field(default=1826, ge=365)
    """Personal fields of records, raw rows and audit details."""


class NoticePerson(_Table):
    """How one person is told."""

    channel: str | None = None
    contact: str | None = None
    """What `{contact}` in the channel's address stands for; an account's own contact wins."""
    language: Literal["zh", "en"] | None = None


class NoticeSettings(_Table):
    """How people are told (`docs/notices.md`): channels by name, who gets which, and when nobody is disturbed."""

    base_url: str = ""
    """Address under which people open the pages; absent: `[web]` address and port."""
    channels: dict[str, str] = {}
    """Name → Apprise address; `${NAME}` is a secret of the environment, `{contact}` the person's own."""
    channel: str | None = None
    """The channel of everybody who has no other."""
    roles: dict[str, str] = {}
    """Role → channel."""
    people: dict[str, NoticePerson] = {}
    leaders: tuple[str, ...] = ()
    """People who are told beside the workstation at 150 %."""
    heads_to: tuple[str, ...] = ()
    """People to whom the signed head of the evidence chain is sent each day."""
    quiet: str | None = "21:30-07:00"
    """Local times between which only what is urgent is sent; an empty text: never quiet."""
    digest_at: str = "08:00"
    """When what can wait is sent, in one message per person and day."""
    daily: tuple[str, ...] = ("dispute",)
    """Topics that can wait for it."""
    most_per_hour: int = Field(default=10, ge=1)
    """Messages per person and hour; what is more is gathered in one."""
    give_up_days: int = Field(default=7, ge=1)
    """Days after which a notice that its channel never took is given up."""
    lease_minutes: float = Field(default=5, gt=0)
    """How long a message that is being sent belongs to its worker; after that another one takes it."""

    @field_validator("quiet")
    @classmethod
    def _quiet_is_a_span(cls, quiet: str | None) -> str | None:
        if quiet:
            parse_quiet(quiet)
        return quiet

    @field_validator("digest_at")
    @classmethod
    def _digest_is_a_time(cls, digest_at: str) -> str:
        time.fromisoformat(digest_at)
        return digest_at

    @model_validator(mode="after")
    def _channels_are_known(self) -> NoticeSettings:
        named = [self.channel, *self.roles.values(), *(person.channel for person in self.people.values())]
        for name in named:
            if name and name not in self.channels:
                raise ValueError(f"there is no channel {name!r}; known are {', '.join(self.channels) or 'none'}")
        if unknown := set(self.roles) - set(ROLES):
            raise ValueError(f"unknown role {min(unknown)!r}; one of {', '.join(ROLES)}")
        return self


class DisputeSettings(_Table):
    working_days: int = Field(default=5, ge=1)
    """Within how many working days a dispute of a record is decided."""
    proof_dir: str = "var/disputes"
    """Where the files lie that prove a dispute."""


class LetterSettings(_Table):
    folder: str = ""
    """Where the company's own templates lie: notice.docx, supervision.docx, circular.docx, discipline.docx."""


class CaseSettings(_Table):
    """Which records become violations of their own (`docs/violations.md`), beside what people confirmed."""

    days: int = Field(default=92, ge=1)
    """What was observed longer ago opens no case any more."""
    late_records: int = Field(default=10, ge=1)
    """So many late records of one office in one calendar month are a case."""
    late_hours: dict[Literal["tickets", "repairs", "applications"], float] = {
        "tickets": 72, "repairs": 4, "applications": 240,
    }  # fmt: skip
    """A single record that ended later than its deadline by more than this is a case of its own."""


class FormSettings(_Table):
    key_file: str = "var/forms.key"
    """The key that seals who wrote a designated-supplier form; made at the first one."""


class FreezeSettings(_Table):
    grace_days: int = Field(default=10, ge=0)
    """Days after the end of a period at which it is frozen."""


class PersonSettings(_Table):
    role: str
    offices: tuple[str, ...]
    """Office codes whose subtrees the person sees; `["*"]` is the whole company. There is no default."""
    works_at: str | None = None
    """The office where the person works: nobody reviews the samples of their own office, or of what is below it."""
    contact: dict[str, str] = {}
    """Channel → address at which the person is told things."""

    @field_validator("role")
    @classmethod
    def _role_is_known(cls, role: str) -> str:
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}; one of {', '.join(ROLES)}")
        return role


class WebSettings(_Table):
    address: str = "127.0.0.1"
    port: int = 8501
    language: str = "zh"
    hosts: tuple[str, ...] = ()
    """Names under which the server is asked for, beside localhost; refused as long as nobody proves who they are."""
    https: bool = False
    """Set it where a proxy speaks https before the server: cookies are then sent that way only."""

    def place(self, port: int | None = None) -> str:
        """The address at which browsers ask for the server."""
        host = self.hosts[0] if self.hosts else f"127.0.0.1:{self.port if port is None else port}"
        return f"{'https' if self.https else 'http'}://{host}"


class OidcSettings(_Table):
    """The company's own provider of sign-ins (OpenID Connect, docs/accounts.md); its secrets stand elsewhere."""

    issuer: str
    """Exactly as the provider writes it: a sign-in of any other issuer is refused."""
    metadata_url: str = ""
    """Absent: `/.well-known/openid-configuration` below the issuer."""
    client_id: str = Field(min_length=1)
    address: str = ""
    """Where browsers find this server, as registered there: `https://mingcha.example`; absent: this machine."""
    secret_file: str | None = None
    """File of the client's secret; MINGCHA_OIDC_SECRET wins."""
    cookie_secret_file: str | None = None
    """File of the secret that signs the cookie; MINGCHA_COOKIE_SECRET wins. Neither: a new one at every start."""
    prompt: str = "select_account"
    """What the provider asks even of who is signed in there: `select_account`, `login`, `consent`."""
    secret: SecretStr | None = None
    cookie_secret: SecretStr | None = None

    @field_validator("secret", "cookie_secret", mode="before")
    @classmethod
    def _secrets_stand_elsewhere(cls, value: object) -> object:
        raise ValueError("a secret stands in no configuration: name a file, or use the environment")

    @field_validator("issuer", "metadata_url", "address")
    @classmethod
    def _addresses_are_safe(cls, url: str) -> str:
        """https, or this machine itself."""
        found = urlsplit(url)
        if url and (found.hostname is None or (found.scheme, found.hostname in LOCAL_NAMES) not in _SAFE):
            raise ValueError("an address begins with https:// (http:// on this machine only)")
        return url


class AccessSettings(_Table):
    """How one signs in, and how long that holds (docs/accounts.md)."""

    oidc: OidcSettings | None = None

    idle_minutes: float = Field(default=60, gt=0)
    """A sign-in ends after so long without a click."""
    absolute_hours: float = Field(default=12, gt=0)
    """And after so long in any case."""
    code_hours: float = Field(default=24, gt=0)
    """How long a one-time code or link waits to be used."""
    token_days: float = Field(default=90, gt=0)
    """How long a token of the command line holds."""
    least_length: int = Field(default=12, ge=8, le=64)
    """Characters of a password."""
    failures: int = Field(default=5, ge=1)
    """Wrong passwords of one name after which it has to wait."""
    first_wait_seconds: float = Field(default=30, gt=0)
    """The first wait; every further failure doubles it."""
    longest_wait_seconds: float = Field(default=900, gt=0)


class CompanySettings(_Table):
    name: str = "供电公司"
    rulebook: str = "promise"
    """Family of rulebook editions by which the company's own records are judged."""
    calendar: str = "cn"
    demo: bool = False
    """Set by `--demo`: every page and document says so."""
    withhold_stale: bool = False
    """Whether a score that rests on a silent source is held back instead of marked."""
    withhold_unjudgeable: bool = False
    """The same for a score of which too many records cannot be judged."""


class Settings(_Table):
    """Everything configurable, read once at start. Paths are relative to `home` (the folder of the file)."""

    home: Path = Path()
    database: DatabaseSettings = DatabaseSettings()
    company: CompanySettings = CompanySettings()
    sources: tuple[dict[str, Any], ...] = ()
    """Tables of `[[sources]]` as written, then those of `sources.d/`; `collectors` validates each by its kind."""
    video: VideoSettings = VideoSettings()
    plan: PlanSettings = PlanSettings()
    review: ReviewSettings = ReviewSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    retention: RetentionSettings = RetentionSettings()
    freeze: FreezeSettings = FreezeSettings()
    people: dict[str, PersonSettings] = {}
    notices: NoticeSettings = NoticeSettings()
    disputes: DisputeSettings = DisputeSettings()
    cases: CaseSettings = CaseSettings()
    letters: LetterSettings = LetterSettings()
    forms: FormSettings = FormSettings()
    web: WebSettings = WebSettings()
    access: AccessSettings = AccessSettings()

    def path(self, name: str) -> Path:
        """A configured path, relative names taken from the folder of `mingcha.toml`."""
        return (self.home / name).resolve() if name else self.home


def parse_slot(number: str, span: str) -> Slot:
    """`"1", "08:30-09:10"` → Slot. ValueError names what is wrong."""
    try:
        starts, ends = (time.fromisoformat(part.strip()) for part in span.split("-"))
        slot = Slot(number=int(number), starts=starts, ends=ends)
    except ValueError as error:
        raise ValueError(f'slot {number} = {span!r} is not of the form 1 = "08:30-09:10"') from error
    if slot.starts >= slot.ends:
        raise ValueError(f"slot {number} = {span!r} ends before it starts")
    return slot


def parse_quiet(span: str) -> tuple[time, time]:
    """`21:30-07:00` → its two local times; it may last over midnight. ValueError for anything else."""
    try:
        starts, ends = (time.fromisoformat(part.strip()) for part in span.split("-"))
    except ValueError as error:
        raise ValueError(f'quiet = {span!r} is not of the form "21:30-07:00"') from error
    return starts, ends


def load(environment: Mapping[str, str] | None = None, directory: Path | None = None) -> Settings:
    """Settings of the folder (default: the current one), the environment winning over the file.

    MINGCHA_CONFIG names another file; MINGCHA_DATABASE_URL, MINGCHA_MIGRATION_URL, MINGCHA_BUSY_SECONDS,
    MINGCHA_PERSON_MODEL, MINGCHA_FACE_MODEL, MINGCHA_OIDC_SECRET and MINGCHA_COOKIE_SECRET override.
    Raises MingchaError naming file, key, value and the nearest known key.
    """
    env = os.environ if environment is None else environment
    path = Path(env.get("MINGCHA_CONFIG") or (directory or Path.cwd()) / CONFIG_FILE)
    if env.get("MINGCHA_CONFIG") and not path.is_file():
        raise MingchaError(f"MINGCHA_CONFIG names {path}, which is no file.", "Create it or unset the variable.")
    raw = _read(path) if path.is_file() else {}
    settings = _validated({**raw, "home": path.parent.resolve()}, path)
    return with_saved_sources(_overridden(settings, env))


def with_saved_sources(settings: Settings) -> Settings:
    """The same settings with the sources that are saved beside mingcha.toml now, after its own ones."""
    own = [raw for raw in settings.sources if SAVED_IN not in raw]
    found = (*own, *saved_sources(settings.home))
    return settings if found == settings.sources else settings.model_copy(update={"sources": found})


def saved_sources(home: Path) -> list[dict[str, Any]]:
    """The `[[sources]]` of `sources.d/*.toml`, by file name. MingchaError names the file that is not right."""
    found: list[dict[str, Any]] = []
    for path in sorted((home / SAVED_SOURCES).glob("*.toml")):
        raw = _read(path)
        tables = raw.get("sources")
        if set(raw) != {"sources"} or not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            raise MingchaError(f"{path} holds something else than [[sources]].", "Correct the file or move it away.")
        found += [{**table, SAVED_IN: f"{SAVED_SOURCES}/{path.name}"} for table in tables]
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MingchaError(f"{path} is not valid TOML: {error}.", "Correct the file.") from error


def _validated(raw: dict[str, Any], path: Path) -> Settings:
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise MingchaError(f"{path}: " + "; ".join(_problem(item) for item in error.errors())) from error


def _problem(item: Any) -> str:
    """One validation error as a sentence naming key, value seen and remedy."""
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = _known_keys(item["loc"][:-1])
        guess = nearest(str(item["loc"][-1]), known)
        return f"unknown key '{key}'" + (f", did you mean '{guess}'?" if guess else f"; known are {', '.join(known)}")
    return f"'{key}' = {item['input']!r}: {item['msg']}"


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Settings
    for part in location:
        annotation = model.model_fields[str(part)].annotation if str(part) in model.model_fields else PersonSettings
        annotation = next((one for one in get_args(annotation) if hasattr(one, "model_fields")), annotation)
        model = annotation if hasattr(annotation, "model_fields") else PersonSettings
    return [name for name in model.model_fields if name != "home"]


def _overridden(settings: Settings, env: Mapping[str, str]) -> Settings:
    database, video = settings.database, settings.video
    if env.get("MINGCHA_DATABASE_URL"):
        database = database.model_copy(update={"url": env["MINGCHA_DATABASE_URL"]})
    if env.get("MINGCHA_MIGRATION_URL"):
        database = database.model_copy(update={"migration_url": env["MINGCHA_MIGRATION_URL"]})
    if env.get("MINGCHA_BUSY_SECONDS"):
        database = database.model_copy(update={"busy_seconds": _seconds(env["MINGCHA_BUSY_SECONDS"])})
    models = {key: env[f"MINGCHA_{key.upper()}"] for key in ("person_model", "face_model")
              if env.get(f"MINGCHA_{key.upper()}")}  # fmt: skip
    access = _with_secrets(settings.access, env)
    found = {"database": database, "video": video.model_copy(update=models), "access": access}
    return settings.model_copy(update=found)


def _with_secrets(access: AccessSettings, env: Mapping[str, str]) -> AccessSettings:
    names = {"secret": "MINGCHA_OIDC_SECRET", "cookie_secret": "MINGCHA_COOKIE_SECRET"}
    given = {key: SecretStr(env[name]) for key, name in names.items() if env.get(name)}
    if access.oidc is None or not given:
        return access
    return access.model_copy(update={"oidc": access.oidc.model_copy(update=given)})


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise MingchaError(f"MINGCHA_BUSY_SECONDS={text!r} is no number of seconds above 0.", "Example: 30.")
    return seconds
