"use strict";

const OPTIONS = {
  responsive: true,
  displaylogo: false,
  scrollZoom: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  modeBarButtonsToRemove: ["autoScale2d", "zoomIn2d", "zoomOut2d"],
  toImageButtonOptions: { format: "svg" },
};

// Each figure stands as JSON in the script element that its place names.
const draw = async (place) => {
  const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
  const buttons = figure.layout.updatemenus?.[0].buttons ?? [];
  delete figure.layout.updatemenus;
  await Plotly.newPlot(place, figure.data, figure.layout, OPTIONS);
  return buttons;
};

// The map's colourings are chosen from the page's own list instead of Plotly's.
const drawMap = async (place) => {
  const buttons = await draw(place);
  const list = document.getElementById("colouring");
  const recolour = () => Plotly.update(place, ...buttons[list.value].args);
  list.addEventListener("change", recolour);
  await recolour();

  const told = document.getElementById("selected");
  const hint = told.textContent;
  place.on("plotly_selected", (event) => {
    const ids = (event?.points ?? []).map((point) => point.customdata).filter((id) => id !== undefined);
    told.textContent = ids.length ? `${ids.length} selected: ${ids.join(" ")}` : hint;
  });
  place.on("plotly_deselect", () => {
    told.textContent = hint;
  });
};

const places = [...document.querySelectorAll("[data-figure]")];
Promise.all(places.map((place) => (place.id === "map-figure" ? drawMap(place) : draw(place)))).then(() => {
  document.documentElement.dataset.ready = "true";
});
