"""Addresses as makers write them, exactly; secrets stay out of them until the last moment, and out of every message."""

from datetime import datetime

import pytest

from collectors.redact import redact
from collectors.video.addresses import AddressError, Addresses, Secrets, presets_of, recorder_of
from collectors.video.plan import LOCAL

MOMENT = datetime(2026, 7, 1, 8, 30, 0, tzinfo=LOCAL)  # 00:30 UTC; 1 782 865 800 seconds since 1970
ADDRESSES = Addresses()

LIVE = {
    "hikvision://admin:pw@10.1.2.3/3": (
        "rtsp://admin:pw@10.1.2.3:554/Streaming/Channels/301",
        "rtsp://admin:pw@10.1.2.3:554/Streaming/Channels/302",
    ),
    "dahua://admin:pw@10.1.2.3:1554/3": (
        "rtsp://admin:pw@10.1.2.3:1554/cam/realmonitor?channel=3&subtype=0",
        "rtsp://admin:pw@10.1.2.3:1554/cam/realmonitor?channel=3&subtype=1",
    ),
    "uniview://10.1.2.3/3": (
        "rtsp://10.1.2.3:554/unicast/c3/s0/live",
        "rtsp://10.1.2.3:554/unicast/c3/s1/live",
    ),
    "rtsp://10.1.2.3/main": ("rtsp://10.1.2.3/main", None),
    "rtsp://10.1.2.3/main rtsp://10.1.2.3/small": ("rtsp://10.1.2.3/main", "rtsp://10.1.2.3/small"),
    "hikvision://10.1.2.3/3 rtsp://10.1.2.3/small": (
        "rtsp://10.1.2.3:554/Streaming/Channels/301",
        "rtsp://10.1.2.3/small",
    ),
}
PLAYBACK = {
    "hikvision://admin:pw@10.1.2.3/12": "rtsp://admin:pw@10.1.2.3:554/Streaming/tracks/1201"
    "?starttime=20260701T083000Z&endtime=20260701T083100Z",
    "hikvision-utc://admin:pw@10.1.2.3/12": "rtsp://admin:pw@10.1.2.3:554/Streaming/tracks/1201"
    "?starttime=20260701T003000Z&endtime=20260701T003100Z",
    "dahua://admin:pw@10.1.2.3/12": "rtsp://admin:pw@10.1.2.3:554/cam/playback?channel=12&subtype=0"
    "&starttime=2026_07_01_08_30_00&endtime=2026_07_01_08_31_00",
    "uniview://admin:pw@10.1.2.3/12": "rtsp://admin:pw@10.1.2.3:554/c12/b1782865800/e1782865860/replay/",
    "rtsp://10.1.2.3/any": "rtsp://10.1.2.3/any",
}


@pytest.mark.parametrize("text", LIVE)
def test_live_streams_of_a_maker(text):
    assert ADDRESSES.live(text, "C1") == LIVE[text]


@pytest.mark.parametrize("text", PLAYBACK)
def test_a_minute_of_the_recording_of_a_maker(text):
    assert ADDRESSES.playback(text, MOMENT, "C1") == (PLAYBACK[text], None)


def test_onvif_asks_for_the_time_in_the_request():
    asked = ADDRESSES.playback("onvif://admin:pw@10.1.2.3/profile/replay?token=7", MOMENT, "C1", 90)
    assert asked == ("rtsp://admin:pw@10.1.2.3:554/profile/replay?token=7", "clock=20260701T003000Z-20260701T003130Z")


def test_a_company_s_own_preset_stands_beside_the_shipped_ones():
    own = {"hall-nvr": {"title": "Own", "port": 8554, "main": "rtsp://{login}{host}/live/{channel}"}}
    addresses = Addresses(presets_of(own))
    assert addresses.live("hall-nvr://u:p@nvr/7", "C1") == ("rtsp://u:p@nvr:8554/live/7", None)
    assert addresses.live("uniview://nvr/1", "C1")[0] == "rtsp://nvr:554/unicast/c1/s0/live"
    with pytest.raises(ValueError, match=r"hall-nvr\.tittle"):
        presets_of({"hall-nvr": {"title": "Own", "tittle": "typo"}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hikvison://10.1.2.3/3", "no preset 'hikvison'; known are dahua, hikvision"),
        ("hikvision://10.1.2.3", "needs a channel"),
        ("hikvision:///3", "names no host"),
        ("hikvision://10.1.2.3:99999/3", "no usable port"),
        ("10.1.2.3/3", "does not begin with rtsp://"),
        ("onvif://10.1.2.3/x", "has no live address"),
        ("rtsp://a rtsp://b rtsp://c", "more than two addresses"),
    ],
)
def test_what_cannot_be_an_address_is_named_by_its_camera(text, words):
    with pytest.raises(AddressError, match=words) as caught:
        ADDRESSES.live(text, "C1")
    assert str(caught.value).startswith("Camera C1: ")


def test_a_secret_comes_from_the_file_and_is_written_as_an_address_needs_it(tmp_path):
    (tmp_path / "cameras.toml").write_text('NVR = "p@ss/wö:rd"\n')
    addresses = Addresses(secrets=Secrets(tmp_path / "cameras.toml"))
    main, _ = addresses.live("dahua://admin:${NVR}@10.1.2.3/1", "C1")
    assert main == "rtsp://admin:p%40ss%2Fw%C3%B6%3Ard@10.1.2.3:554/cam/realmonitor?channel=1&subtype=0"
    assert "p@ss" not in redact("it said p@ss/wö:rd")
    assert "p%40ss" not in redact("and p%40ss%2Fw%C3%B6%3Ard")


def test_a_secret_comes_from_the_environment_without_a_file(monkeypatch):
    monkeypatch.setenv("NVR_OF_THIS_TEST", "hunter22")
    assert ADDRESSES.live("rtsp://u:${NVR_OF_THIS_TEST}@h/1", "C1") == ("rtsp://u:hunter22@h/1", None)


def test_a_missing_secret_is_named_and_a_broken_file_is_not_quoted(tmp_path):
    with pytest.raises(AddressError, match=r"\$\{NOBODY_SET_THIS\}, which is not in the environment"):
        ADDRESSES.live("rtsp://u:${NOBODY_SET_THIS}@h/1", "C1")
    (tmp_path / "cameras.toml").write_text('NVR = hunter33 = "\n')
    with pytest.raises(AddressError, match="it is not valid TOML") as caught:
        Addresses(secrets=Secrets(tmp_path / "cameras.toml")).live("rtsp://u:${NVR}@h/1", "C1")
    assert "hunter33" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_recorder_is_host_and_port_without_the_login():
    assert recorder_of("rtsp://u:p@10.1.2.3:1554/x") == "10.1.2.3:1554"
    assert recorder_of("rtsp://10.1.2.3/x") == "10.1.2.3:554"
