import { defineCollection } from "astro:content";
import { docsSchema } from "@astrojs/starlight/schema";
import { z } from "astro/zod";
import type { FamilyFacts, VariantFacts } from "./content/facts.ts";
import { pagesLoader } from "./content/pages-loader.ts";
import { variantsLoader } from "./content/variants-loader.ts";

export const collections = {
  docs: defineCollection({ loader: pagesLoader(), schema: docsSchema() }),
  variants: defineCollection({
    loader: variantsLoader(),
    schema: z.object({
      title: z.string(),
      description: z.string(),
      family: z.custom<Omit<FamilyFacts, "variants">>(),
      variant: z.custom<VariantFacts>(),
    }),
  }),
};
