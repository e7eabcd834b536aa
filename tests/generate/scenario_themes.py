THEMES = ()
