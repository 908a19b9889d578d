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

VERSION = 2
"""Schema version; a ledger written by a newer one is refused."""

metadata = MetaData()

about = Table(
    "about", metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)  # fmt: skip

runs = Table(
    "runs", metadata,
    Column("id", Integer, primary_key=True),
    Column("started", String, nullable=False),
    Column("ended", String),
    Column("ending", String),
    Column("owner", String, nullable=False),
    Column("provenance", Text, nullable=False),
)  # fmt: skip

campaigns = Table(
    "campaigns", metadata,
    Column("id", Integer, primary_key=True),
    Column("written", String, nullable=False),
    Column("body", Text, nullable=False),
)  # fmt: skip

problems = Table(
    "problems", metadata,
    Column("fingerprint", String, primary_key=True),
    Column("body", Text, nullable=False),
)  # fmt: skip

studies = Table(
    "studies", metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("position", Integer, nullable=False),
    Column("planned", Boolean, nullable=False),
    Column("follows", String),
    Column("fingerprint", String, ForeignKey("problems.fingerprint"), nullable=False),
    Column("body", Text, nullable=False),
    Column("batch", Integer),
    Column("places", Text),
    Column("state", String, nullable=False),
    Column("error", Text),
    Column("ended", String),
)  # fmt: skip

criteria = Table(
    "criteria", metadata,
    Column("id", Integer, primary_key=True),
    Column("study", Integer, ForeignKey("studies.id"), nullable=False),
    Column("written", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("body", Text, nullable=False),
)  # fmt: skip

trials = Table(
    "trials", metadata,
    Column("key", String, primary_key=True),
    Column("configuration", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("outcome", Text, nullable=False),
)  # fmt: skip

attempts = Table(
    "attempts", metadata,
    Column("id", Integer, primary_key=True),
    Column("trial", String, ForeignKey("trials.key"), nullable=False),
    Column("run", Integer, ForeignKey("runs.id"), nullable=False),
    Column("started", String, nullable=False),
    Column("ended", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("load", Float, nullable=False),
    Column("memory_mib", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("message", Text, nullable=False),
    Index("attempts_by_trial", "trial"),
)  # fmt: skip

members = Table(
    "members", metadata,
    Column("study", Integer, ForeignKey("studies.id"), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("trial", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("point", Text, nullable=False),
    Column("grid", Boolean, nullable=False),
)  # fmt: skip

findings = Table(
    "findings", metadata,
    Column("id", Integer, primary_key=True),
    Column("study", Integer, ForeignKey("studies.id"), nullable=False),
    Column("written", String, nullable=False),
    Column("criteria", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("body", Text, nullable=False),
)  # fmt: skip

preflights = Table(
    "preflights", metadata,
    Column("id", Integer, primary_key=True),
    Column("written", String, nullable=False),
    Column("plan", String, nullable=False),
    Column("body", Text, nullable=False),
)  # fmt: skip

events = Table(
    "events", metadata,
    Column("id", Integer, primary_key=True),
    Column("written", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
)  # fmt: skip
