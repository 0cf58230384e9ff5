"""The demo: a town in trouble on one machine, with the real firmware and the real gateway."""
