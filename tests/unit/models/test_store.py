from pathlib import Path

from inkstream_server.models.store import ModelStore, cache_dir, default_models_dir


def test_the_environment_names_the_folder() -> None:
    assert default_models_dir({"INKSTREAM_MODELS_DIR": "/srv/models"}) == Path("/srv/models")


def test_without_it_the_cache_folder_is_taken() -> None:
    environ = {"INKSTREAM_MODELS_DIR": "", "XDG_CACHE_HOME": "/var/cache/me"}

    assert default_models_dir(environ) == Path("/var/cache/me/inkstream/models")


def test_a_relative_cache_folder_is_ignored() -> None:
    home = Path("~").expanduser() / ".cache" / "inkstream" / "models"

    assert default_models_dir({"XDG_CACHE_HOME": "cache"}) == home
    assert default_models_dir({}) == home


def test_only_what_looks_like_a_model_is_one(tmp_path: Path) -> None:
    for name in ("b/inference.json", "a/inference.pdmodel", ".staging-x/inference.json", "c/d"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"{}")

    assert ModelStore(tmp_path).names() == ("a", "b")
    assert ModelStore(tmp_path / "none").names() == ()


def test_other_caches_lie_beside_the_models() -> None:
    environ = {"XDG_CACHE_HOME": "/var/cache/me", "INKSTREAM_MODELS_DIR": "/srv/models"}

    assert cache_dir(environ) == Path("/var/cache/me/inkstream")
