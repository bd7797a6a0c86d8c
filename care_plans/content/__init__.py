"""Clinical content as data: how measures and pathways are written, read and checked.

Nothing here touches the database, so that a file can be judged before it is loaded.
Import from the modules: `pathways` (a whole pathway), `stages`, `safety`, `measures`, `files`.
"""
