// The application decides how it uses a result. This page collects the pictures in a gallery.
const gallery = document.querySelector("#gallery");

document.addEventListener("joblib-result", ({ detail: { task, result } }) => {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(result.svg)}`;
  picture.alt = "Its structural formula";
  const item = document.createElement("li");
  item.append(picture, task.payload.smiles);
  gallery.prepend(item);
  document.querySelector("#nothing").hidden = true;
});
