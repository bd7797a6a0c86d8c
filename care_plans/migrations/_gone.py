"""What several migrations ask in SQL: this stays as it is, as they do."""

#: `can_be_told`, denied: at the moment `{at}` the role `{r}` at the location `{l}` reaches nobody
#: who may practise and log in
GONE = """(
    NOT {r}.is_active
    OR ({at} AT TIME ZONE {l}.time_zone)::date
        NOT BETWEEN {r}.registered_from AND coalesce({r}.registered_until, 'infinity')
    OR NOT EXISTS (
        SELECT FROM public.coordination_practitioner p
        JOIN public.coordination_user u ON u.id = p.user_id
        JOIN public.coordination_membership m
            ON m.user_id = u.id AND m.organization_id = {r}.organization_id
        WHERE p.id = {r}.practitioner_id AND u.is_active AND m.role = 'practitioner'
            AND m.since <= {at} AND (m.until IS NULL OR m.until > {at})
    )
)"""
#: the tables it reads, but for the logins
HOLDERS = (
    "coordination_practitionerrole",
    "coordination_location",
    "coordination_practitioner",
    "coordination_membership",
)
