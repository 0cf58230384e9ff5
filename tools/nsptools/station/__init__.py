"""The provisioning station: from a list of sites to keys, settings and a record of every kit."""
