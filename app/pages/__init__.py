"""The pages for people: templates, one style sheet, JavaScript modules as they are."""
