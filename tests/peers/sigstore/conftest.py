"""The instance of the peers' own programs, once for all tests that sign."""
import pytest


@pytest.fixture(scope="session")
def instance(need_peer, tmp_path_factory):
    pytest.importorskip("cryptography", reason="cryptography is not installed; scripts/setup --peers installs it")
    from instance import Instance
    made = Instance(need_peer, tmp_path_factory.mktemp("instance"))
    try:
        made.start_all()
        yield made
    finally:
        made.stop()
