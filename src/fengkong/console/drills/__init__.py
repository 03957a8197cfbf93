"""Drills: rehearsed incidents with injects on a clock, scored and compared with the last one."""
