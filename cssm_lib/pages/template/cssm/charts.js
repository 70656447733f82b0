// Draws every chart of a page. One bundle, no globals; expressions are interpreted, never compiled, so that the
// page's content policy needs no `unsafe-eval`.
const choices = {
  ast: true,
  renderer: "svg",
  actions: { export: true, source: false, compiled: false, editor: false },
};
for (const figure of document.querySelectorAll("figure.chart")) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const host = figure.appendChild(document.createElement("div"));
  vegaEmbed(host, spec, choices).catch((fault) => {
    host.textContent = `This chart could not be drawn: ${fault.message}`;
  });
}
