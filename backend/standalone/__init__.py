"""A run as one HTML file that needs no server: the page, plotly.js, and every answer about it."""
