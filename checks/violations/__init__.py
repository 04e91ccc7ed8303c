"""Violations from candidate to closed case (违规闭环): one table, its deadlines, its rules of persons."""
