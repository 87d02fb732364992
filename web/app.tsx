/** The dashboard. */
export const App = () => <main>joblib</main>;
