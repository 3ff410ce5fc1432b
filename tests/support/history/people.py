"""What people do to the tickets of an address."""

import oracle

KINDS = ("closes", "reopens", "deletes", "edits_summary", "takes_labels", "duplicates", "comments")


def kind_for(kind, ticket):
    """That, or what a person does instead where it would leave the ticket to nobody."""
    return "comments" if kind == "edits_summary" and oracle.OURS not in ticket["labels"] else kind


def act(jira, luck, kind, ticket, ip, zones):
    """One of KINDS, to a ticket of the address `ip`, in a world in which there are these zones."""
    key = ticket["key"]
    if kind == "closes":
        jira.edit(key, status="Done")
    elif kind == "reopens":
        jira.edit(key, status=luck.choice(("To Do", "In Progress")))
    elif kind == "deletes":
        jira.edit(key, delete=True)
    elif kind == "edits_summary":
        named = sorted(oracle.named_zones(ticket, ip)) or zones[:1]
        jira.edit(key, summary=luck.choice((f"IP {ip} blacklisted by {named[0]}", "Looking into the trouble with mail",
                                            f"IP {ip} blacklisted by  {',  '.join(reversed(named))}")))
    elif kind == "takes_labels":
        wanted = luck.choice(([oracle.OURS], [oracle.label_of(ip)], ticket["labels"]))
        if not oracle.named_zones(ticket, ip):
            wanted = [oracle.MARK]
        jira.edit(key, remove_labels=list(wanted))
    elif kind == "duplicates":
        labels = luck.choice(([], [oracle.OURS, oracle.label_of(ip)]))
        jira.enter(summary=f"IP {ip} blacklisted by {luck.choice(zones)}", labels=labels)
    else:
        jira.edit(key, comment="I am on it.")
