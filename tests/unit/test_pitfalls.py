"""Each trap that other tools fell into, and the test of ours that keeps us out of it.

The traps are what trackers of checkers and libraries tell of again and again. A trap without a
test here, or a name that is no test, fails.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

PITFALLS = {
    "silence is shown as a missing record": (
        "unit/test_check_spf.py::test_silence_is_unknown_and_never_a_missing_record",
        "unit/test_check_dmarc.py::test_silence_is_unknown_and_never_a_missing_record",
        "unit/test_check_dkim.py::test_silence_is_unknown_and_never_a_missing_key",
        "unit/test_lookup.py::test_silence_is_temporary_and_never_absence",
        "system/test_internet.py::test_a_domain_whose_name_server_is_dead_has_no_fault_of_its_own",
    ),
    "the search list invents records": (
        "unit/test_lookup.py::test_the_system_s_search_list_is_not_used",
        "unit/test_spf_limits.py::test_the_searched_domain_of_the_system_never_answers",
    ),
    "a refusal of a block list is read as a listing": (
        "unit/test_check_dnsbl.py::test_what_a_list_says_of_an_address",
        "unit/test_check_dnsbl.py::"
        "test_answers_that_are_refusals_mean_nothing_even_where_a_file_names_them",
        "unit/test_check_dnsbl.py::test_domain_lists_are_never_asked_about_addresses",
    ),
    "lookups and void lookups are counted wrongly": (
        "unit/test_spf_limits.py::test_ipv6_client_and_ipv4_only_mx_hosts_are_no_void_lookups",
        "unit/test_spf_limits.py::test_a_and_mx_count_as_two_lookups_however_many_hosts_answer",
        "unit/test_spf_limits.py::test_redirect_beside_all_is_not_counted",
    ),
    "DKIM is called absent by guessing selectors": (
        "unit/test_check_dkim.py::test_without_a_selector_nothing_is_guessed",
        "unit/test_check_dkim.py::test_a_missing_key_is_told_only_for_a_selector_that_is_known",
        "unit/test_check_dkim.py::test_a_wildcard_above_the_keys_is_no_key",
    ),
    "DKIM is demanded of who sends nothing": (
        "unit/test_check_dkim.py::test_a_domain_that_sends_nothing_needs_no_key",
    ),
    "a busy host is read as one without STARTTLS": (
        "unit/test_check_smtp.py::test_a_host_that_puts_us_off_is_not_without_starttls",
        "unit/test_smtp_door.py::test_one_address_is_called_once_whoever_asks",
    ),
    "a bad certificate is read as no STARTTLS": (
        "unit/test_check_tls.py::test_a_certificate_is_judged_and_never_read_as_no_starttls",
    ),
    "leave for reports by wildcard or of the same organisation is not seen": (
        "unit/test_dmarc.py::test_an_address_elsewhere_needs_leave",
        "unit/test_dmarc.py::test_an_address_of_the_same_organisation_needs_no_leave",
    ),
    "another TXT record hides the good one": (
        "unit/test_dmarc.py::test_unrelated_text_beside_the_record_does_not_hide_it",
        "unit/test_dkim.py::test_other_text_beside_a_key_does_not_hide_it",
        "unit/test_lookup.py::test_txt_strings_are_joined_without_a_space",
        "unit/test_check_dmarc.py::test_a_record_at_the_domain_itself_is_in_the_wrong_place",
    ),
    "a prefix length or a macro is taken for a host name": (
        "unit/test_spf_limits.py::test_a_prefix_length_is_no_part_of_a_host_name",
        "unit/test_spf_tree.py::test_macros_cannot_be_counted_without_a_client",
    ),
    "an error hides the tree": (
        "unit/test_spf_tree.py::test_an_error_half_way_keeps_the_tree_and_marks_the_place",
        "unit/test_check_spf.py::test_the_tree_is_kept_when_an_include_is_broken",
    ),
    "suffix list, tree walk and inheritance are mixed up": (
        "unit/test_dmarc.py::test_b_4_3_a_public_suffix_keeps_its_children_apart",
        "unit/test_dmarc.py::"
        "test_the_record_of_the_suffix_does_not_apply_where_the_organisation_has_one",
        "unit/test_dmarc.py::test_a_tag_is_never_read_out_of_another",
    ),
    "a result in other letters, or a bad setting, is taken for bad data": (
        "unit/test_dmarc_edges.py::test_results_are_read_in_any_letters",
        "unit/test_lookup.py::test_a_wrong_address_of_a_name_server_is_told",
    ),
    "results flap between resolvers": (
        "unit/test_lookup.py::test_evidence_tells_who_was_asked_and_what_came",
        "unit/test_lookup.py::test_a_question_is_asked_once_however_many_ask",
        "system/test_internet.py::test_no_question_is_asked_twice_and_all_go_to_the_one_resolver",
    ),
}

DEFECTS = {
    "pyspf: asks with the search list": (
        "unit/test_spf_limits.py::test_the_searched_domain_of_the_system_never_answers",
    ),
    "pyspf: forgets its limit of time": (
        "unit/test_spf_limits.py::test_an_evaluation_ends_when_its_time_is_over",
    ),
    "pyspf: counts hosts of an mx as void": (
        "unit/test_spf_limits.py::test_ipv6_client_and_ipv4_only_mx_hosts_are_no_void_lookups",
        "unit/test_check_spf.py::test_ipv6_and_an_mx_of_ipv4_hosts_is_a_warning_with_both_counts",
    ),
    "pyspf: counts a redirect beside all": (
        "unit/test_spf_limits.py::test_redirect_beside_all_is_not_counted",
    ),
    "pyspf: refuses an unknown modifier twice": (
        "unit/test_spf_limits.py::test_an_unknown_modifier_may_stand_there_twice",
    ),
    "pyspf: takes an error of PTR for one of the record": (
        "unit/test_spf_limits.py::test_dns_that_fails_for_ptr_is_just_no_match",
    ),
    "pyspf: passes a name of one label, breaks off at a long one": (
        "unit/test_spf_limits.py::test_a_name_of_one_label_has_no_record",
        "unit/test_spf_explanations.py::test_too_long_a_name_loses_labels_from_the_left",
    ),
    "pyspf: bad address, other scripts, deprecated calls": (
        "unit/test_spf.py::test_without_an_address_there_is_no_verdict",
        "unit/test_spf_limits.py::test_a_sender_in_any_script_is_looked_up_in_a_labels",
        "unit/test_spf_limits.py::test_a_deprecated_call_of_a_library_is_not_used",
    ),
    "checkdmarc: asks the system's resolver": (
        "unit/test_check_second_opinion.py::test_no_question_leaves_our_lookup",
    ),
    "checkdmarc: caches for the whole process": (
        "unit/test_check_second_opinion.py::test_its_caches_keep_nothing_from_one_run_to_the_next",
    ),
    "checkdmarc: trouble of DNS is told as absence": (
        "unit/test_check_second_opinion.py::test_trouble_of_dns_is_unknown_and_no_opinion",
    ),
    "checkdmarc: costs a second to import": (
        "unit/test_check_second_opinion.py::test_a_run_without_it_does_not_import_checkdmarc",
    ),
    "checkdmarc: fetches addresses that the tested domain names": (
        "unit/test_check_tls.py::test_only_the_policy_of_the_domain_itself_is_fetched",
        "unit/test_check_tls.py::test_a_policy_host_at_an_internal_address_is_told",
    ),
    "checkdmarc: stops at a domain that does not exist": (
        "unit/test_dmarc.py::test_a_domain_that_does_not_exist_is_still_under_its_parents_policy",
    ),
    "checkdmarc: several records end the walk": (
        "unit/test_dmarc.py::test_several_records_are_discarded_and_the_walk_goes_on",
    ),
    "checkdmarc: a policy that cannot be read is an error": (
        "unit/test_dmarc_edges.py::"
        "test_a_policy_that_cannot_be_read_counts_as_none_if_somebody_gets_reports",
        "unit/test_dmarc.py::test_a_garbled_policy_without_an_address_means_no_dmarc",
    ),
    "dkimpy: keeps the reason to itself": (
        "unit/test_dkim.py::test_a_changed_text_is_told_from_a_changed_header",
    ),
    "dkimpy: takes trouble of DNS for a wrong signature": (
        "unit/test_dkim.py::test_trouble_of_dns_is_not_a_wrong_signature",
        "unit/test_arc.py::test_dns_that_fails_is_no_broken_chain",
    ),
    "dkimpy: lets a strict key serve subdomains": (
        "unit/test_dkim.py::test_a_strict_key_forbids_identities_below_its_domain",
    ),
    "dkimpy: a key for SHA-1, revoked, or of another type": (
        "unit/test_dkim.py::test_a_key_that_cannot_serve_is_the_reason",
        "unit/test_arc_keys_and_forms.py::test_a_key_that_may_not_be_used_says_why",
    ),
    "dkimpy: text behind l= passes unnoticed": (
        "unit/test_dkim.py::test_text_beyond_the_signed_length_is_told",
        "unit/test_dkim.py::test_a_length_beyond_the_text_does_not_hold",
    ),
    "dkimpy: unknown service": ("unit/test_dkim.py::test_a_service_type_that_is_unknown_is_told",),
    "dkimpy: asks DNS itself": ("unit/test_dkim.py::test_dkimpy_is_never_left_to_ask_dns_itself",),
    "IPv6 addresses asked for by groups": (
        "unit/test_check_dnsbl.py::test_an_ipv6_address_is_asked_for_by_nibbles",
        "unit/test_check_ptr_helo.py::test_ipv6_is_asked_for_by_nibbles",
    ),
}


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_all_fifteen_pitfalls_are_here() -> None:
    assert len(PITFALLS) == 15


@pytest.mark.parametrize("trap", [*PITFALLS, *DEFECTS])
def test_a_trap_has_a_test_that_keeps_us_out_of_it(trap: str) -> None:
    for place in (PITFALLS | DEFECTS)[trap]:
        path, _, name = place.partition("::")
        assert name in names_in(path), place
