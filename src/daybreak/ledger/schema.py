"""Tables of the ledger."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 3
"""Schema version: an older ledger is migrated with a backup, a newer one is refused."""

metadata = MetaData()

about = Table(
    "about",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# One process that works on the campaign. `beat` grows as long as it lives; `host`, `pid` and
# `born` let others on the same host see at once that it is gone.
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started", String, nullable=False),
    Column("ended", String),
    Column("ending", String),
    Column("owner", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("born", Float, nullable=False),
    Column("beat", Integer, nullable=False),
    Column("seen", String, nullable=False),
    Column("stop", Text),
    Column("plan", String),
    Column("provenance", Text, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("body", Text, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("written", String, nullable=False),
    Column("body", Text, nullable=False),
)

problems = Table(
    "problems",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("body", Text, nullable=False),
)

studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("position", Integer, nullable=False),
    Column("planned", Boolean, nullable=False),
    Column("follows", String),
    Column("fingerprint", String, ForeignKey("problems.fingerprint"), nullable=False),
    Column("body", Text, nullable=False),
    Column("facts", Text),
    Column("batch", Integer),
    Column("places", Text),
    Column("carried", Text),
    Column("note", Text),
    Column("state", String, nullable=False),
    Column("error", Text),
    Column("ended", String),
)

criteria = Table(
    "criteria",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study", Integer, ForeignKey("studies.id"), nullable=False),
    Column("written", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("body", Text, nullable=False),
)

# `token` counts the claims of a trial; a result counts only with the newest token. `problem` and
# `settings` are hashes of what stands in the configuration, and `kind` its word.
trials = Table(
    "trials",
    metadata,
    Column("key", String, primary_key=True),
    Column("configuration", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("role", String, nullable=False),
    Column("problem", String, nullable=False),
    Column("settings", String, nullable=False),
    Column("state", String, nullable=False),
    Column("token", Integer, nullable=False),
    Column("run", Integer, ForeignKey("runs.id")),
    Column("outcome", Text),
    Index("trials_by_state", "state"),
    Index("trials_by_problem", "problem", "settings", "role", "kind"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("trial", String, ForeignKey("trials.key"), primary_key=True),
    Column("token", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("runs.id"), nullable=False),
    Column("started", String, nullable=False),
    Column("ended", String),
    Column("seconds", Float),
    Column("load", Float),
    Column("memory_mib", Float),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("message", Text),
    Column("place", String),
    Column("outcome", Text),
    Index("attempts_by_run", "run", "state"),
)

# What a trial attached, or what the program behind it printed.
artifacts = Table(
    "artifacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("trial", String, ForeignKey("trials.key"), nullable=False),
    Column("token", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("artifacts_by_trial", "trial"),
)

# What a trial reports while it runs: a learning curve, a loss.
reports = Table(
    "reports",
    metadata,
    Column("trial", String, ForeignKey("trials.key"), primary_key=True),
    Column("token", Integer, primary_key=True),
    Column("name", String, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("written", String, nullable=False),
    Column("value", Float),
)

members = Table(
    "members",
    metadata,
    Column("study", Integer, ForeignKey("studies.id"), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("trial", String, nullable=False),
    Column("why", String, nullable=False),
    Column("which", Text),
    Column("point", Text, nullable=False),
    Column("grid", Boolean, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study", Integer, ForeignKey("studies.id"), nullable=False),
    Column("written", String, nullable=False),
    Column("criteria", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("body", Text, nullable=False),
)

preflights = Table(
    "preflights",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("written", String, nullable=False),
    Column("plan", String, nullable=False),
    Column("body", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("written", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
)
