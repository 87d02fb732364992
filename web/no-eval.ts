import * as z from "zod";

// Must run before a schema is created. Otherwise zod would try to use `new Function`, which the page's
// Content-Security-Policy blocks.
z.config({ jitless: true });
