import * as z from "zod";

// Before any schema is made: zod else tries `new Function`, which the page's policy refuses and reports.
z.config({ jitless: true });
