"""From a novel site to a book on disk: catalogue, chapters, extraction, politeness.

crawl("https://example.com/book/1/", Project("mybook"), CrawlSettings())
"""
