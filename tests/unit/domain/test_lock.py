"""The key of a lock."""

from tidegate.domain.lock import lock_key


def test_every_service_has_a_lock_of_its_own_in_every_environment():
    keys = {
        lock_key(service, environment) for service in ("a", "b", "a-b") for environment in ("dev", "prod")
    }
    assert len(keys) == 6
    assert lock_key("checkout", "prod") == "checkout/prod"
