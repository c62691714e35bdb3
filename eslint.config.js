import tseslint from "typescript-eslint";

const noDefaultExport = [
  "error",
  { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } },
];

// eslint-disable-next-line no-restricted-exports -- the configuration's format asks for it
export default tseslint.config(
  { ignores: ["**/node_modules/", "**/dist/", "**/freshet-data/", "**/.cache/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2023, sourceType: "module" },
    rules: { "no-restricted-exports": noDefaultExport, "prefer-const": "error", "no-var": "error" },
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.base],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "no-restricted-exports": noDefaultExport,
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "Use a union of string literals." },
      ],
      "prefer-const": "error",
      "no-var": "error",
      eqeqeq: "error",
      "max-lines": ["error", { max: 600 }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  // Tables of facts are as long as the facts; tests may be longer than code.
  { files: ["**/*.data.ts"], rules: { "max-lines": "off" } },
  { files: ["**/*.test.ts"], rules: { "max-lines": ["error", { max: 900 }] } },
);
