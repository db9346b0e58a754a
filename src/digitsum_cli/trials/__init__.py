"""The value types shared by the higher-level packages: trial, plan, outcome and result rows."""
