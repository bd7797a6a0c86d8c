"""FHIR R4 files come in: read twice, written patient by patient.

`files` reads bundles and NDJSON as a stream, `spool` keeps what matters on disk, `references`
says what names a resource, `patients`, `records` and `directory` translate, `writing` writes one
patient whole or not at all, `running` leads through it, `report` says what became of each entry.
"""
