import pytest

from inkstream_server.cli.main import main


@pytest.mark.parametrize(
    "flags",
    [
        ["--dpi", "99999999999"],
        ["--text-det-limit-side-len", "99999999999"],
        ["--timeout", "0"],
        ["--timeout", "-1"],
        ["--timeout", "nan"],
        ["--timeout", "1e30"],
    ],
)
def test_a_number_that_no_message_or_clock_can_hold_is_a_wrong_flag(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["read", "scan.png", *flags])

    assert ended.value.code == 2
    assert f"argument {flags[0]}: {flags[1]} is out of range" in capsys.readouterr().err
