"""The rules by which a Make app is judged, each by its name."""

from collections.abc import Callable, Iterator, Mapping

from relay.develop.make_app.app import App
from relay.develop.make_app.rules import calls, expressions, fields, kinds, manifest, words
from relay.develop.make_app.rules.reading import Fault

Rule = Callable[[App], Iterator[Fault]]

LINT_RULES: Mapping[str, Rule] = {
    "readable-file": manifest.readable_file,
    "left-over-file": manifest.left_over_file,
    "manifest-shape": manifest.manifest_shape,
    "component-id": manifest.component_id,
    "component-type": manifest.component_type,
    "code-files": manifest.code_files,
    "reference": manifest.reference,
    "no-functions": manifest.no_functions,
    "no-test-component": manifest.no_test_component,
    "grouped": manifest.grouped,
    "group-order": manifest.group_order,
    "iml-syntax": expressions.iml_syntax,
    "iml-function": expressions.iml_function,
    "iml-variable": expressions.iml_variable,
    "iml-field": expressions.iml_field,
    "rpc-target": expressions.rpc_target,
    "request-shape": calls.request_shape,
    "request-body": calls.request_body,
    "path-encoding": calls.path_encoding,
    "error-handling": calls.error_handling,
    "error-types": calls.error_types,
    "found-nothing": calls.found_nothing,
    "sanitize": calls.sanitize,
    "connection-test": calls.connection_test,
    "connection-url": calls.connection_url,
    "connection-label": words.connection_label,
    "webhook-hook": calls.webhook_hook,
    "webhook-proof": calls.webhook_proof,
    "module-parts": kinds.module_parts,
    "limit": kinds.limit,
    "pagination": kinds.pagination,
    "options": kinds.options,
    "universal": kinds.universal,
    "label-case": words.label_case,
    "module-label": words.module_label,
    "module-description": words.module_description,
    "input-label": words.input_label,
    "input-help": words.input_help,
    "date-format": words.date_format,
    "us-english": words.us_english,
    "field-shape": fields.field_shape,
    "id-by-hand": fields.id_by_hand,
    "interface-sample": fields.interface_sample,
    "interface-type": fields.interface_type,
    "interface-label": fields.interface_label,
}
