"""What a person gets to see: terminal output, handouts as PDF, TeX and HTML, and figures."""
