"""What to do when something goes wrong: kinds, severities, phases, playbooks, clocks and drills."""
