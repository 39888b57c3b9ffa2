"""Which test provokes which reason. `tests/unit/front/test_error_table.py` holds it to be complete.

Each is provoked over the wire, but for those that stop a start or a command.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Provocation:
    """A test, and what of it speaks of the reason where that itself is not in it."""

    file: str
    test: str
    phrase: str = ""


_LIVES = "wire/test_lives.py"
_REFUSALS = "wire/test_refusals.py"
_STREAMS = "wire/test_streams.py"
_URLS = "wire/test_urls.py"
_OWN = "wire/test_own_faults.py"
_TOKENS = "wire/test_tokens.py"
_TLS_FILES = "unit/front/test_tls_files.py"
_IDS = "wire/test_request_ids.py"
_UNREADABLE = "test_what_cannot_be_read_is_the_callers_to_mend"
_UNSERVED = "test_what_this_server_is_not_set_up_for_is_told_apart"
_UNFETCHED = "test_what_cannot_be_fetched_is_refused_by_its_reason"

OVER_THE_WIRE = {
    "INVALID_FIELD": Provocation(
        _REFUSALS, "test_a_wrong_value_is_told_with_its_field_and_what_is_allowed"
    ),
    "REQUEST_MALFORMED": Provocation(
        _REFUSALS, "test_bytes_that_are_no_message_are_refused_by_unary_methods"
    ),
    "REQUEST_NOT_JSON": Provocation(
        "wire/test_http_ocr.py", "test_a_wrong_body_is_refused_by_name"
    ),
    "EMPTY_INPUT": Provocation(_REFUSALS, _UNREADABLE),
    "UNSUPPORTED_MEDIA_TYPE": Provocation(_REFUSALS, _UNREADABLE),
    "CONTENT_TOO_LARGE": Provocation(_STREAMS, "test_a_document_over_the_limit_ends_alone"),
    "IMAGE_DAMAGED": Provocation(_REFUSALS, _UNREADABLE),
    "IMAGE_TOO_LARGE": Provocation(_REFUSALS, _UNREADABLE),
    "PDF_DAMAGED": Provocation(_REFUSALS, _UNREADABLE),
    "PDF_PASSWORD_REQUIRED": Provocation(_REFUSALS, _UNREADABLE),
    "PDF_PASSWORD_WRONG": Provocation(_REFUSALS, _UNREADABLE),
    "DOCUMENT_EMPTY": Provocation(_REFUSALS, _UNREADABLE),
    "PAGE_TOO_LARGE": Provocation(_REFUSALS, "test_a_page_that_would_be_too_large_fails_alone"),
    "TOO_MANY_PAGES": Provocation(_REFUSALS, "test_too_many_pages_are_refused_with_the_numbers"),
    "TOO_MANY_LINES": Provocation("wire/test_lines.py", "test_more_lines_than_allowed_are_refused"),
    "TOO_MANY_DOCUMENTS": Provocation(_OWN, "test_a_call_may_bring_only_so_many_documents"),
    "UPLOAD_INCOMPLETE": Provocation(
        _STREAMS, "test_a_document_that_is_not_complete_at_the_end_is_told_so"
    ),
    "UPLOAD_STALLED": Provocation(_STREAMS, "test_a_document_of_which_nothing_comes_any_more_ends"),
    "ANSWERS_UNREAD": Provocation(
        "wire/test_unread_answers.py",
        "test_a_stream_whose_very_first_answer_is_not_taken_is_told_so",
    ),
    "MODULE_NOT_SERVED": Provocation(_REFUSALS, _UNSERVED),
    "MODEL_NOT_SERVED": Provocation(_REFUSALS, _UNSERVED),
    "METHOD_UNKNOWN": Provocation(
        _IDS, "test_a_method_that_is_not_there_is_refused_as_everything_is"
    ),
    "SERVICE_UNKNOWN": Provocation(
        _IDS, "test_health_of_a_service_that_is_not_there_is_refused_as_everything_is"
    ),
    "URI_NOT_ALLOWED": Provocation(_URLS, _UNFETCHED),
    "URI_FETCH_FAILED": Provocation(_URLS, _UNFETCHED),
    "URI_UNREACHABLE": Provocation(_URLS, _UNFETCHED),
    "URI_TIMEOUT": Provocation(_URLS, _UNFETCHED),
    "QUEUE_FULL": Provocation(_LIVES, "test_callers_who_go_away_leave_the_queue"),
    "SPOOL_FULL": Provocation(_STREAMS, "test_a_document_that_finds_no_room_on_disk_ends_alone"),
    "REQUEST_QUOTA_FULL": Provocation(
        _TOKENS, "test_one_request_too_many_is_refused_and_told_when_to_come_again"
    ),
    "PAGE_QUOTA_FULL": Provocation(
        _TOKENS, "test_pages_that_are_being_read_count_until_they_are_done"
    ),
    "BYTE_QUOTA_FULL": Provocation(_TOKENS, "test_bytes_that_are_still_coming_in_count"),
    "TOKEN_MISSING": Provocation(
        _TOKENS, "test_who_brings_no_token_or_a_wrong_one_is_refused_alike_over_both"
    ),
    "TOKEN_WRONG": Provocation(
        _TOKENS, "test_who_brings_no_token_or_a_wrong_one_is_refused_alike_over_both"
    ),
    "CERTIFICATE_MISSING": Provocation(
        "wire/test_tls.py", "test_who_has_none_or_a_strangers_is_refused"
    ),
    "DEADLINE_TOO_SHORT": Provocation(
        "wire/test_predictions.py", "test_a_book_that_cannot_be_read_in_time_is_refused_at_once"
    ),
    "PAGE_TIMEOUT": Provocation(_OWN, "test_a_step_that_takes_longer_than_allowed_ends_its_page"),
    "STARTING_UP": Provocation(_LIVES, "test_before_it_is_warm_a_server_answers_that_it_is_not"),
    "SHUTTING_DOWN": Provocation(
        "wire/test_http_lives.py", "test_a_call_in_flight_finishes_while_the_server_drains"
    ),
    "WORKER_CRASHED": Provocation(
        _OWN, "test_an_input_on_which_workers_crash_is_refused_in_the_end"
    ),
    "INTERNAL": Provocation(_OWN, "test_a_fault_of_ours_is_told_by_the_requests_id_alone"),
}

IN_STARTS_AND_COMMANDS = {
    "CONFIG_INVALID": Provocation(
        "unit/test_config.py", "test_there_must_be_one_recogniser", "ConfigInvalid"
    ),
    "ADDRESS_IN_USE": Provocation(
        _LIVES, "test_a_port_that_is_taken_is_told_in_one_line", "cannot listen on"
    ),
    "TLS_FILE_UNREADABLE": Provocation(
        _TLS_FILES, "test_a_file_that_is_not_there_is_unreadable", "TlsFileUnreadable"
    ),
    "TLS_FILE_INVALID": Provocation(
        _TLS_FILES, "test_files_that_hold_something_else_are_invalid", "TlsFileInvalid"
    ),
    "TLS_FILES_MISMATCHED": Provocation(
        _TLS_FILES, "test_another_ones_key_is_mismatched", "TlsFilesMismatched"
    ),
    "TLS_CERTIFICATE_EXPIRED": Provocation(
        _TLS_FILES, "test_a_certificate_that_has_expired_is_told_so", "TlsCertificateExpired"
    ),
    "TOKENS_UNUSABLE": Provocation(
        "unit/front/test_tokens.py",
        "test_what_is_wrong_with_a_file_is_told_without_what_it_holds",
        "TokensUnusable",
    ),
    "NOT_CONFINED": Provocation(
        "process/test_confinement.py",
        "test_a_worker_that_must_be_confined_and_cannot_be_does_not_start",
        "NotConfined",
    ),
    "RELOAD_REFUSED": Provocation(
        "unit/app/test_reloading.py",
        "test_a_model_that_differs_in_more_than_its_weights_is_refused",
        "ReloadRefused",
    ),
    "ACCESS_MISUSED": Provocation(
        "unit/client/test_access.py",
        "test_flags_that_would_give_the_token_away_or_name_none_are_refused",
        "AccessMisused",
    ),
    "SPOOL_UNUSABLE": Provocation(
        "unit/workers/test_spool.py",
        "test_a_folder_that_cannot_be_written_to_is_found_at_the_start",
        "SpoolUnusable",
    ),
    "ENGINE_UNKNOWN": Provocation(
        "unit/engines/test_selection.py",
        "test_an_unknown_engine_stops_the_start_and_tells_the_known_ones",
        "EngineUnknown",
    ),
    "ENGINE_UNUSABLE": Provocation(
        "unit/engines/test_obstacles.py",
        "test_a_device_that_an_engine_does_not_serve_is_an_obstacle",
        "EngineUnusable",
    ),
    "DEVICE_UNKNOWN": Provocation(
        "unit/app/test_plan.py", "test_a_device_that_is_not_known_stops_the_start", "DeviceUnknown"
    ),
    "DEVICE_MISSING": Provocation(
        "unit/engines/test_paddle_devices.py",
        "test_a_kind_that_is_not_there_is_named_with_what_to_install",
        "DeviceMissing",
    ),
    "PRECISION_UNAVAILABLE": Provocation(
        "unit/engines/test_obstacles.py",
        "test_some_engines_compute_in_fp32_alone",
        "PrecisionUnavailable",
    ),
    "MODEL_UNKNOWN": Provocation(
        "unit/models/test_catalogue.py",
        "test_an_unknown_name_comes_with_those_like_it",
        "ModelUnknown",
    ),
    "MODEL_MISSING": Provocation(
        "unit/app/test_models.py",
        "test_a_known_model_that_is_missing_can_be_fetched",
        "ModelMissing",
    ),
    "MODEL_DAMAGED": Provocation(
        "unit/models/test_directory.py",
        "test_a_model_for_another_module_is_refused",
        "ModelDamaged",
    ),
    "MODEL_NOT_SUPPORTED": Provocation(
        "unit/models/test_recipe.py",
        "test_what_is_not_implemented_is_refused_with_its_place_and_value",
        "ModelNotSupported",
    ),
    "MODEL_MISMATCH": Provocation(
        "unit/engines/test_engine.py",
        "test_a_dictionary_that_is_not_the_models_own_stops_the_start",
        "ModelMismatch",
    ),
    "MODEL_ARCHIVE_REFUSED": Provocation(
        "unit/models/test_member_names.py",
        "test_a_foul_name_is_refused_with_what_is_foul",
        "ModelArchiveRefused",
    ),
    "MODEL_CHANGED": Provocation(
        "wire/test_pulls.py", "test_a_damaged_model_is_not_replaced_by_another_one", "ModelChanged"
    ),
    "PULL_FAILED": Provocation(
        "unit/models/test_fetch.py", "test_what_a_folder_lacks_is_named", "PullFailed"
    ),
    "NOT_STARTED": Provocation(
        "process/test_measuring.py",
        "test_a_model_that_cannot_be_loaded_is_told_once_for_all_workers",
        "NotStarted",
    ),
    "MEASURING_FAILED": Provocation(
        "process/test_measuring.py",
        "test_what_cannot_be_measured_is_told_and_leaves_no_worker",
        "MeasuringFailed",
    ),
    "TRACING_UNAVAILABLE": Provocation(
        "unit/app/test_tracing.py",
        "test_without_the_extra_it_says_what_to_install",
        "TracingUnavailable",
    ),
    "NOT_TUNED": Provocation(
        "unit/cli/test_tune_command.py", "test_what_was_not_measured_cannot_be_shown", "NotTuned"
    ),
    "SCENARIO_INVALID": Provocation(
        "unit/cli/test_simulate_command.py",
        "test_what_cannot_be_simulated_is_told_in_one_line",
        "KEY=VALUE",
    ),
    "PLOT_UNAVAILABLE": Provocation(
        "unit/cli/test_simulate_command.py",
        "test_without_matplotlib_it_says_what_to_install",
        ".[server,plot]",
    ),
}
