"""What the dashboards are made of; ../write_dashboards.py puts it together."""
