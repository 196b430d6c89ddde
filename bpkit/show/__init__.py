"""What a person sees: text, LaTeX, HTML, plots, diagrams."""
