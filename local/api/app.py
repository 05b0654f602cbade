class HttpApis:
    def __call__(self, environ, start_response):
        from local.front import not_found

        return not_found(start_response, "Not Found")
