"""Data for forecasts: what is refused, what a day may know, which days belong where."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import daybreak as dk
from daybreak.models.forecasting import SPLITS, Prices, Split, dataset, prices, targets
from daybreak.models.forecasting.download import TICKERS, download
from daybreak.models.forecasting.features import FEATURES, LEVELS, WARM_UP, features
from daybreak.models.forecasting.indicators import INDICATORS, indicators, week_of
from daybreak.models.forecasting.legacy_splits import contiguous, scattered, simple
from daybreak.models.forecasting.prices import prices_from_table
from daybreak.models.forecasting.splits import proportional
from daybreak.models.forecasting.truncation import lookahead


def table(n=400, seed=0):
    """Invented daily bars on business days, as a provider sends them."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(n)))
    spread = 1 + 0.005 * rng.random(n)
    return pd.DataFrame(
        {
            "Date": pd.bdate_range("2001-01-01", periods=n),
            "Open": close,
            "High": close * spread,
            "Low": close / spread,
            "Close": close,
            "Volume": rng.integers(1, 9, n) * 1e6,
        }
    )


def bars(n=400, seed=0):
    """The same, checked."""
    return prices_from_table(table(n, seed), "invented")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.drop(columns="High"), "columns High are missing among Date, Open, Low"),
        (lambda t: t.iloc[::-1], "dates must increase, but go back to"),
        (lambda t: t.iloc[[0, 1, 1, 2]], "a date must appear once, but repeats: 2001-01-02"),
        (lambda t: t.drop(index=range(10, 20)), "at most 10 days may lie between rows, but not"),
        (lambda t: t.assign(Close=5.0), "Close is 5 on every day, so there is nothing to fore"),
        (lambda t: t.assign(Low=t.Low.where(t.index != 7)), "Low must be a positive number on ev"),
        (lambda t: t.assign(Open="x"), "Open, High, Low, Close, Volume must hold numbers"),
        (lambda t: t.assign(Date="day"), "Date must hold days such as 2018-12-31"),
        (lambda t: t.assign(Date=t.Date.where(t.index != 3)), "Date is missing in 1 rows"),
        (lambda t: t.iloc[:1], "at least two rows are needed, but got 1"),
    ],
)
def test_bad_prices_are_sentences(change, sentence):
    """What cannot be used says which rule it breaks, where, and what to do."""
    with pytest.raises(dk.ProblemError, match=sentence):
        prices_from_table(change(table(60)), "bad")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_hold_what_tables_hold(tmp_path, ending):
    """A CSV and a Parquet file give back the numbers they were written from."""
    path = tmp_path / f"mine.{ending}"
    write = table().to_csv if ending == "csv" else table().to_parquet
    write(path, index=False)

    found, wanted = prices(path), bars()
    assert found.name == "mine"
    assert (found.dates == wanted.dates).all()
    np.testing.assert_allclose(found.close, wanted.close, rtol=1e-14)


def test_other_series_are_refused(tmp_path):
    """A name that is no series, and a file that is none, are answered with what there is."""
    with pytest.raises(dk.ProblemError, match=r"one of 'sp500', 'nasdaq' or an existing \.csv"):
        prices("dax")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(dk.ProblemError, match="cannot be read as csv"):
        prices(tmp_path / "empty.csv")


def answer(ticker):
    """What Yahoo's client answers: days with a time zone as index, and columns besides."""
    found = table(60, seed=len(ticker)).set_index("Date").tz_localize("America/New_York")
    return found.assign(Dividends=0.0)


def test_download_keeps_and_registers(tmp_path):
    """Every ticker becomes a checked file without caret, and its fingerprint is kept."""
    written = download(tmp_path, fetch=answer)

    assert [path.stem for path in written] == [ticker.strip("^") for ticker in TICKERS]
    kept = pd.read_parquet(tmp_path / "IXIC.parquet")
    assert list(kept.columns) == ["Date", "Open", "High", "Low", "Close", "Volume"]
    assert kept.Date.dt.tz is None
    checks = dk.Manifest(tmp_path / "manifest.json").verify()
    assert [c.entry.dataset for c in checks][-1] == "VIX.OHLCV.daily"
    assert {c.state for c in checks} == {"same"}


def test_download_tries_four_times(tmp_path):
    """Failures and empty answers are retried after 1, 2 and 4 s and up to half as much more."""
    answers = iter([ConnectionError("no route"), pd.DataFrame(), None, answer("SPY")])
    waits = []

    def fetch(ticker):
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    assert download(tmp_path, ["SPY"], fetch=fetch, wait=waits.append, seed=1)[0].exists()
    assert all(low <= wait <= 1.5 * low for wait, low in zip(waits, (1, 2, 4), strict=True))


def test_download_gives_up_in_a_sentence(tmp_path):
    """After the fourth failure the last one is told."""

    def fetch(ticker):
        msg = "no route"
        raise ConnectionError(msg)

    with pytest.raises(dk.ProblemError, match="'SPY' failed 4 times, at last with ConnectionErr"):
        download(tmp_path, ["SPY"], fetch=fetch, wait=lambda _: None)


def test_yahoo_is_asked_for_all_adjusted_days(tmp_path, monkeypatch):
    """The client is asked for the whole history, day by day, adjusted."""
    asked = []

    class Ticker:
        def __init__(self, name):
            self.name = name

        def history(self, **options):
            asked.append((self.name, options))
            return answer(self.name)

    monkeypatch.setitem(sys.modules, "yfinance", SimpleNamespace(Ticker=Ticker))
    download(tmp_path, ["^VIX"])

    assert asked == [("^VIX", {"period": "max", "interval": "1d", "auto_adjust": True})]


def test_missing_libraries_are_named(tmp_path, monkeypatch):
    """Without an extra's library the sentence names the extra, at once and not four times."""
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(dk.DaybreakError, match=r"yfinance is needed .* 'daybreak\[download\]'"):
        download(tmp_path, ["SPY"])
    monkeypatch.setitem(sys.modules, "arch.data.sp500", None)
    with pytest.raises(dk.DaybreakError, match=r"'daybreak\[forecasting\]'"):
        prices("sp500")


def test_campaigns_load_without_the_libraries():
    """Campaigns are named and described without pandas, scikit-learn, TA-Lib or JAX."""
    code = (
        "import sys; from daybreak import catalogue; "
        "catalogue.load('forecasting-demo-leak'); "
        "print(*sorted({'pandas', 'sklearn', 'talib', 'arch', 'jax'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert found.stdout.split() == []


@pytest.mark.parametrize("inputs", ["stationary", "raw"])
def test_no_column_knows_the_future(inputs):
    """Cut the future off at any day: not one of the 25 columns of that day changes."""
    found = lookahead(prices("sp500"), range(WARM_UP - 50, 5031, 37), inputs)

    assert list(found) == list(FEATURES)
    assert max(found.values()) == 0


@pytest.mark.parametrize("weekly", ["leaking", "original"])
def test_leaks_are_found(weekly):
    """The same test finds the two columns that leak on purpose, and no others."""
    found = lookahead(prices("sp500"), range(300, 5031, 53), weekly=weekly)

    assert {name for name, share in found.items() if share} == {"rsi_weekly", "stochrsi_weekly"}


def test_original_weeks_vanish_on_holidays():
    """A week without a Monday never appears in the original: its days show the week before."""
    p = prices("sp500")
    leaking, original = (indicators(p, w)["rsi_weekly"] for w in ("leaking", "original"))
    has_monday = np.isin(week_of(p.dates), p.dates)
    known = np.arange(len(p)) > WARM_UP

    assert (leaking == original)[has_monday & known].all()
    assert not (leaking == original)[~has_monday & known].any()


def test_indicators_obey_their_formulas():
    """Formulas written out with loops and means give what TA-Lib gives."""
    p = bars()
    found = indicators(p)
    assert tuple(found) == INDICATORS
    C, H, L, V = p.close, p.high, p.low, p.volume

    def ema(x, n):
        out = [x[:n].mean()]
        for value in x[n:]:
            out.append(out[-1] + 2 / (n + 1) * (value - out[-1]))
        return np.array(out)

    once = ema(C, 9)
    dema = 2 * once[8:] - ema(once, 9)
    np.testing.assert_allclose(found["dema_9"][16:], dema, rtol=1e-10)
    np.testing.assert_allclose(found["sma_200"][199], C[:200].mean(), rtol=1e-12)
    steps = np.diff(C)
    gain, loss = steps[:14].clip(0).mean(), -steps[:14].clip(None, 0).mean()
    for step in steps[14:]:
        gain, loss = (13 * gain + max(step, 0)) / 14, (13 * loss + max(-step, 0)) / 14
    np.testing.assert_allclose(found["rsi_daily"][-1], 100 * gain / (gain + loss), rtol=1e-9)
    rsi = found["rsi_daily"][-5:]
    fast = 100 * (rsi[-1] - rsi.min()) / np.ptp(rsi)
    np.testing.assert_allclose(found["stochrsi_daily"][-1], fast, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(found["obv"][-1], V[0] + (np.sign(steps) * V[1:]).sum())
    band = 2 * C[-20:].std()
    wanted = (C[-1] - (C[-20:].mean() - band)) / (2 * band)
    np.testing.assert_allclose(found["bb_percent_b"][-1], wanted, rtol=1e-7)
    np.testing.assert_allclose(found["vwap_20"][-1], (C * V)[-20:].sum() / V[-20:].sum())
    ranges = np.maximum(H[1:], C[:-1]) - np.minimum(L[1:], C[:-1])
    mean = ranges[:14].mean()
    for one in ranges[14:]:
        mean = (13 * mean + one) / 14
    np.testing.assert_allclose(found["atr_14"][-1], mean, rtol=1e-10)


def test_warm_up():
    """The mean of 200 days governs: 199 rows are incomplete, and no later one."""
    complete = np.isfinite(features(prices("sp500"))).all(axis=1)
    assert (complete == (np.arange(5031) >= WARM_UP)).all()


def test_stationary_inputs_forget_the_currency():
    """Prices in another currency and volumes in other units change no stationary input."""
    p = bars()
    names = ("open", "high", "low", "close")
    other = Prices(
        "other", p.dates, **{n: 7 * getattr(p, n) for n in names}, volume=100 * p.volume
    )
    np.testing.assert_allclose(features(other)[250:], features(p)[250:], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("label", ["close", "high"])
@pytest.mark.parametrize("horizon", [1, 2, 3, 5])
def test_targets_by_definition(label, horizon):
    """Every label is the question asked day by day; the last days have none."""
    p = bars(80)
    found = targets(p, horizon, label)
    reached = p.close if label == "close" else p.high

    for t in range(80 - horizon):
        assert found[t] == (max(reached[t + 1 : t + horizon + 1]) >= p.close[t] * 1.01)
    assert np.isnan(found[80 - horizon :]).all()


@pytest.mark.parametrize("horizon", [0, 80, 500])
def test_horizon_must_fit(horizon):
    """A horizon longer than the data is refused with the longest that fits."""
    with pytest.raises(dk.ProblemError, match="between 1 and 79 days"):
        targets(bars(80), horizon)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("horizon", [1, 5])
def test_regions_share_no_day_of_a_label(split, horizon):
    """Label spans of different regions are disjoint, and regions are in order of time."""
    data = dataset(split=split, horizon=horizon)
    days = data.prices.dates
    parts = [part for part in data.regions.values() if len(part)]

    for before, after in pairwise(parts):
        end = np.searchsorted(days, before.dates[-1]) + horizon
        assert days[end] < after.dates[0]
        assert np.searchsorted(days, after.dates[0]) == end + 1, "purged, and nothing more"


def test_windows_end_on_the_decision_day():
    """A window holds the context rows up to its decision day, whose label is the day's own."""
    data = dataset(horizon=3, context=7)
    part = data.validation_b
    shown = part.windows()

    assert shown.shape == (len(part), 7, 25)
    assert shown.dtype == np.float32
    assert (shown[:, -1] == part.today).all()
    assert (
        part.windows(slice(2, 3))[0] == part.features[part.last[2] - 6 : part.last[2] + 1]
    ).all()
    days = np.searchsorted(data.prices.dates, part.dates)
    assert (part.labels == targets(data.prices, 3)[days]).all()
    assert set(np.unique(part.labels)) == {0, 1}


def test_normalisation_knows_training_only():
    """Rows of training have mean 0 and deviation 1; later rows did not enter."""
    part = dataset().train
    seen = part.features[part.last[0] - 59 : part.last[-1] + 1]

    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(seen.std(axis=0), 1, atol=1e-4)


def test_windows_keep_the_level_of_volatility():
    """Normalised by window every column has mean 0 in it, but ATR still tells calm from storm."""
    data = dataset(normalise="window")
    shown = data.train.windows(slice(None, None, 50))
    level = [FEATURES.index(name) for name in LEVELS]
    rest = [place for place in range(25) if place not in level]

    np.testing.assert_allclose(shown[..., rest].mean(axis=1), 0, atol=1e-4)
    assert (shown[..., level] == dataset().train.windows(slice(None, None, 50))[..., level]).all()


def test_identity():
    """The same question is the same object; whatever changes the numbers changes the print."""
    assert dataset() is dataset()
    marks = {
        dataset(**change).fingerprint
        for change in (
            {},
            {"horizon": 3},
            {"label": "high"},
            {"context": 61},
            {"theta": 0.02},
            {"inputs": "raw"},
            {"weekly": "leaking"},
            {"split": "fold-1"},
            {"normalise": "window"},
            {"series": "nasdaq"},
        )
    }
    assert len(marks) == 10


def test_files_are_data_sets(tmp_path):
    """A file is split by shares of its days, and read again once it has changed."""
    path = tmp_path / "mine.csv"
    table(1200).to_csv(path, index=False)
    first = dataset(path, context=10)
    table(1200, seed=1).to_csv(path, index=False)

    assert first.sizes["train"] > 600
    assert min(first.sizes.values()) > 100
    assert dataset(path, context=10).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.assign(Volume=np.nan), "'.*' has 0 of 400 days .* most often: Volume, obv, "),
        (lambda t: t[:150], "'.*' has 0 of 150 days on which every feature is known"),
    ],
)
def test_series_without_features(tmp_path, change, sentence):
    """A series without volumes, or too short for a mean of 200 days, says which columns lack."""
    path = tmp_path / "index.csv"
    change(table()).to_csv(path, index=False)

    with pytest.raises(dk.ProblemError, match=sentence):
        dataset(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"split": "fold-9"}, "a Split or one of fold-1, fold-2"),
        ({"split": Split("2030-01-01", "2031-01-01", "2032-01-01", "2033-01-01")}, "holds no day"),
        ({"context": 0}, "context >= 1"),
        ({"label": "low"}, "label must be 'close' or 'high'"),
        ({"theta": 1.5}, "0 <= theta < 1"),
        ({"inputs": "cooked"}, "inputs must be 'stationary' or 'raw'"),
        ({"weekly": "open"}, "weekly must be 'closed', 'leaking' or 'original'"),
        ({"horizon": 6000}, "between 1 and 5030 days"),
    ],
)
def test_bad_questions_are_sentences(change, sentence):
    """A question that means nothing is answered with what would."""
    with pytest.raises(dk.ProblemError, match=sentence):
        dataset(**change)


def test_feature_count_must_agree():
    """A model for another number of features is refused, never adapted."""
    dataset().check_columns(25)
    with pytest.raises(dk.ProblemError, match="has 25 features and the model 20"):
        dataset().check_columns(20)


def test_bad_splits():
    """Borders that run backwards, are no days, or leave no test are refused."""
    with pytest.raises(dk.ProblemError, match="train <= validation_a <= validation_b"):
        Split("2010-01-01", "2009-01-01", "2011-01-01", "2012-01-01")
    with pytest.raises(dk.ProblemError, match="must be days such as"):
        Split("soon", "2009-01-01", "2011-01-01", "2012-01-01")
    with pytest.raises(dk.ProblemError, match="add up to less than 1"):
        proportional(prices("sp500").dates, (0.5, 0.3, 0.2))


def test_legacy_training_meets_no_held_chunk():
    """Windows that the original trains on, labels included, are disjoint from held chunks."""
    split = scattered(1000, 20, 3)
    held = {row for s in (*split.validation, *split.test) for row in range(s, s + 23)}

    assert all(held.isdisjoint(range(s, s + 23)) for s in split.train)
    assert len(split.train) == sum(held.isdisjoint(range(s, s + 23)) for s in range(1000 - 22))
    wide = scattered(5000, 20, 3, validation=0.02, test=0.01, embargo=200).train
    chunks = scattered(5000, 20, 3, validation=0.02, test=0.01)
    near = [abs(wide[:, None] - s).min() for s in (chunks.validation, chunks.test)]
    assert min(near) >= 223
    last = contiguous(1000, 20, 3)
    assert last.train.max() < last.validation.min() < last.test.min()


def test_legacy_splits_refuse_too_little():
    """Fewer than five chunks, or a region shorter than a window, are refused."""
    with pytest.raises(dk.ProblemError, match=r"rows >= 5 \(context \+ horizon\) = 305"):
        scattered(304)
    with pytest.raises(dk.ProblemError, match="each region needs"):
        simple(prices("sp500").dates, validation="2018-12-01", test="2018-12-15")
