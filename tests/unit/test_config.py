from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from inkstream_server.config import ConfigInvalid, ServerConfig, Tuning, load_config
from inkstream_server.engines.engine import Precision
from inkstream_server.scheduling.policy import BatchWishes
from inkstream_server.stages.detection import LimitType
from inkstream_server.workers.free_list import aligned


def load(
    text: str | None = None,
    *,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Sequence[tuple[str, object]] = (),
) -> ServerConfig:
    file = None
    if text is not None:
        assert folder is not None
        file = folder / "config.yml"
        file.write_text(text, encoding="utf-8")
    return load_config(file, environ or {}, flags).config


def test_without_any_layer_the_defaults_hold() -> None:
    config = load()

    assert config == ServerConfig()
    assert (config.server.port, config.server.http_port) == (50051, 8080)
    assert config.inference.engine == "auto"


def test_each_layer_wins_over_the_one_before(tmp_path: Path) -> None:
    config = load(
        "server: {port: 1, http_port: 1, max_documents: 1, host: 127.0.0.1}",
        folder=tmp_path,
        environ={"INKSTREAM_SERVER__PORT": "2", "INKSTREAM_SERVER__HTTP_PORT": "2"},
        flags=[("server.port", 3)],
    )

    server = config.server
    assert (server.port, server.http_port, server.max_documents) == (3, 2, 1)
    assert server.host == "127.0.0.1"
    assert server.max_message_bytes == ServerConfig().server.max_message_bytes


def test_a_file_may_write_its_keys_with_dots_or_nested(tmp_path: Path) -> None:
    nested = load("pipeline:\n  text_det_limit_type: min\n", folder=tmp_path)
    dotted = load("pipeline.text_det_limit_type: min\n", folder=tmp_path)

    assert nested == dotted
    assert nested.pipeline.text_det_limit_type is LimitType.MIN


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert load("# nothing yet\n", folder=tmp_path) == ServerConfig()


def test_flags_come_as_texts_and_are_read_as_what_they_are() -> None:
    config = load(flags=[("server.port", "0"), ("inference.precision", "bf16")])

    assert config.server.port == 0
    assert config.inference.precision is Precision.BF16


def test_the_environment_reaches_every_depth() -> None:
    config = load(
        environ={
            "INKSTREAM_BATCHING__TEXT_RECOGNITION__MAX_COUNT": "32",
            "INKSTREAM_MODELS__TEXTLINE_ORIENTATION": "null",
            "INKSTREAM_SERVER__REFLECTION": "false",
            "INKSTREAM_LOG_LEVEL": "DEBUG",
            "INKSTREAM_WINDOW_PAGES": "7",
        }
    )

    assert config.batching.text_recognition.max_count == 32
    assert config.models.textline_orientation is None
    assert not config.server.reflection
    assert (config.log_level, config.window_pages) == ("DEBUG", 7)


def test_recognisers_are_one_or_several() -> None:
    one = load(environ={"INKSTREAM_MODELS__TEXT_RECOGNITION": "rec"})
    several = load(environ={"INKSTREAM_MODELS__TEXT_RECOGNITION": "[rec, ./mine]"})
    by_flag = load(flags=[("models.text_recognition", ["a", "b"])])

    assert one.models.text_recognition == ("rec",)
    assert several.models.text_recognition == ("rec", "./mine")
    assert by_flag.models.text_recognition == ("a", "b")


def test_there_must_be_one_recogniser() -> None:
    with pytest.raises(ConfigInvalid, match=r"models\.text_recognition"):
        load(flags=[("models.text_recognition", [])])


@pytest.mark.parametrize(
    ("flag", "expected"),
    [("auto", Tuning.AUTO), ("always", Tuning.ALWAYS), ("off", Tuning.OFF), (False, Tuning.OFF)],
)
def test_a_bare_off_is_off_though_yaml_reads_false(flag: object, expected: Tuning) -> None:
    assert load(flags=[("inference.tuning", flag)]).inference.tuning is expected


def test_batch_sizes_are_as_measured_unless_they_are_set() -> None:
    batching = load(flags=[("batching.text_recognition.max_count", 4)]).batching

    assert batching.text_recognition == BatchWishes(max_count=4)
    assert batching.text_detection == BatchWishes()


def test_variables_of_others_are_left_alone() -> None:
    environ = {
        "INKSTREAM_MODELS_DIR": "/models",
        "INKSTREAM_MODELS_BASE_URL": "https://mirror",
        "PATH": "/bin",
        "SERVER__PORT": "1",
    }

    assert load(environ=environ) == ServerConfig()


@pytest.mark.parametrize("name", ["INKSTREAM_PORT", "INKSTREAM_SERVR__PORT", "INKSTREAM_LOGLEVEL"])
def test_a_misspelt_variable_is_told_with_where_it_stands(name: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"is no known key \(from the environment\)"):
        load(environ={name: "1"})


def test_a_misspelt_key_is_not_told_to_be_from_where_a_longer_one_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"max_page is no known key \(from the environment\)$"):
        load(
            "limits: {max_page_s: 20}",
            environ={"INKSTREAM_LIMITS__MAX_PAGE": "3"},
            folder=tmp_path,
        )


def test_an_item_of_a_list_is_from_where_the_list_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"text_recognition\.1 .* \(from the command line\)$"):
        load(
            "models: {text_detection: det}",
            flags=[("models.text_recognition", ["a", 3])],
            folder=tmp_path,
        )


def test_a_section_that_is_no_mapping_is_from_where_it_is_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"server is 3: .* \(from the environment\)$"):
        load("log_level: DEBUG", environ={"INKSTREAM_SERVER": "3"}, folder=tmp_path)


def test_memory_that_one_page_does_not_fit_once_it_is_rounded_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="pages_bytes"):
        load(flags=[("memory.pages_bytes", 300_000_000)])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([("servr.port", 1)], "servr is no known key"),
        ([("server.prot", 1)], "server.prot is no known key"),
        ([("batching.text_recognition.max_counts", 1)], "max_counts is no known key"),
        ([("server.port", 70_000)], "server.port is 70000: Input should be less than"),
        ([("server.port", "many")], "server.port is 'many'"),
        ([("inference.precision", "fp64")], "inference.precision is 'fp64'"),
        ([("inference.width_step", 0)], "inference.width_step is 0"),
        ([("inference.tuning", True)], "inference.tuning is True"),
        ([("inference.tuning", "twice")], "inference.tuning is 'twice'"),
        ([("log_level", "LOUD")], "log_level is 'LOUD'"),
        ([("window_pages", 0)], "window_pages is 0"),
        ([("limits.max_page_s", 0.0)], "limits.max_page_s is 0.0"),
        ([("pipeline.text_det_thresh", 1.5)], "pipeline.text_det_thresh is 1.5"),
        ([("workers.model_workers", 0)], "workers.model_workers is 0"),
        ([("workers.heartbeat_timeout_s", 0.1)], "workers.heartbeat_timeout_s is 0.1"),
        ([("server", 5)], "server is 5"),
        ([("server.host", "unix:/run/ocr.sock")], "HTTP does not listen on a unix socket"),
        ([("server", 5), ("server.port", 6)], "server holds no keys"),
    ],
)
def test_what_cannot_be_stops_the_start_by_key_and_value(
    flags: Sequence[tuple[str, object]], message: str
) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        load(flags=flags)

    assert message in refused.value.message


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigInvalid) as refused:
        load(flags=[("server.port", -1), ("nonesuch", 1)])

    assert "server.port is -1" in refused.value.message
    assert "nonesuch is no known key" in refused.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server: [", "cannot read"),
        ("- a\n- b\n", "is no mapping"),
        ("just a text", "is no mapping"),
        ("server:\n  port: 1\n  extra: 2\n", "server.extra is no known key"),
    ],
)
def test_a_file_that_cannot_be_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        load(text, folder=tmp_path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"cannot read .*nonesuch"):
        load_config(tmp_path / "nonesuch.yml", {}, ())


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigInvalid, match="cannot read"):
        load_config(tmp_path / "config.yml", {}, ())


def test_a_variable_that_is_no_value_is_told_by_name() -> None:
    with pytest.raises(ConfigInvalid, match="INKSTREAM_SERVER__PORT"):
        load(environ={"INKSTREAM_SERVER__PORT": "["})


def test_memory_that_could_not_hold_one_page_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match=r"memory\.pages_bytes"):
        load(flags=[("memory.pages_bytes", 1 << 20)])


def test_memory_that_could_not_hold_one_message_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match=r"memory\.documents_bytes"):
        load(flags=[("memory.documents_bytes", 1 << 20)])


def test_a_server_may_listen_on_a_unix_socket_alone() -> None:
    config = load(flags=[("server.host", "unix:/run/ocr.sock"), ("server.http_port", None)])

    assert config.server.address == "unix:/run/ocr.sock"


def test_pages_that_are_unwarped_take_twice_the_memory() -> None:
    enough = [("memory.pages_bytes", 2 * aligned(300_000_000))]
    unwarping = ("models.doc_unwarping", "UVDoc")

    assert load(flags=[*enough, unwarping]).models.doc_unwarping == "UVDoc"
    too_little = [("memory.pages_bytes", 2 * aligned(300_000_000) - 4096)]
    assert load(flags=too_little).models.doc_unwarping is None
    with pytest.raises(ConfigInvalid, match=r"memory\.pages_bytes"):
        load(flags=[*too_little, unwarping])


def test_smaller_limits_make_smaller_memory_enough() -> None:
    config = load(
        flags=[
            ("limits.max_image_pixels", 1000),
            ("limits.max_page_pixels", 1000),
            ("memory.pages_bytes", 1 << 20),
            ("server.max_message_bytes", 1 << 20),
            ("memory.documents_bytes", 1 << 20),
        ]
    )

    assert config.memory.pages_bytes == 1 << 20


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    config = load(flags=[("server.port", 7), ("window_pages", 3), ("models.dir", "/models")])

    shown = yaml.safe_dump(config.model_dump(mode="json"))

    assert load(shown, folder=tmp_path) == config
