"""Gangs: customers who share what honest customers do not, found, ranked and dealt with as one."""
