"""Images and videos as a judge model is shown them: real media types, sizes, frames."""
