from collections.abc import Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import HOST_NAME, Form
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import names_a_host

FORMS: Mapping[str, Form] = {
    "removed_nodes_hosts": HOST_NAME,
    "removed_nodes_manager_host": HOST_NAME,
}
# An empty list here throws nodes out.
NOT_EMPTY = frozenset({"removed_nodes_hosts"})

RULES: tuple[Rule, ...] = (names_a_host("removed_nodes_manager_host"),)
