"""Who gets which client."""

import pytest

from tests.adapters.values import HOME
from tidegate.aws.clients import Clients
from tidegate.domain.service import Target
from tidegate.errors import Terminal


def test_a_client_is_made_once_for_each_service_and_region(clients: Clients):
    there = Target(account=HOME.account, region="eu-west-1")

    assert clients.at("ecs", HOME) is clients.at("ecs", HOME) is clients.home("ecs")
    assert clients.at("ecs", there) is not clients.at("ecs", HOME)
    assert clients.at("ecs", there).meta.region_name == "eu-west-1"


def test_another_account_is_refused_with_both_numbers(clients: Clients):
    elsewhere = Target(account="999999999999", region="us-east-1")

    with pytest.raises(Terminal, match=r"own account 123456789012 for now; account 999999999999"):
        clients.at("ecs", elsewhere)


def test_clients_try_a_few_times_and_do_not_wait_long(clients: Clients):
    config = clients.home("dynamodb").meta.config

    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 3
    assert (config.connect_timeout, config.read_timeout) == (3, 10)
