"""What a drawn figure shows."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure


def cells(panel: Axes) -> QuadMesh:
    (mesh,) = (drawn for drawn in panel.collections if isinstance(drawn, QuadMesh))
    return mesh


def values(panel: Axes) -> list[list[float]]:
    array = cells(panel).get_array()
    assert array is not None
    return np.ma.filled(np.ma.asarray(array), math.nan).tolist()  # type: ignore[no-any-return]


def corners(panel: Axes) -> tuple[list[float], list[float]]:
    """Where the cells begin and end: lowest x and y, highest x and y."""
    coordinates = np.asarray(cells(panel).get_coordinates())
    return coordinates[0, 0].tolist(), coordinates[-1, -1].tolist()


def line_points(panel: Axes, index: int) -> list[list[float]]:
    return np.asarray(panel.get_lines()[index].get_xydata()).tolist()  # type: ignore[no-any-return]


def scattered(panel: Axes) -> list[list[list[float]]]:
    """The points of each series of points."""
    return [
        np.asarray(drawn.get_offsets()).tolist() for drawn in panel.collections if isinstance(drawn, PathCollection)
    ]


def titles(figure: Figure) -> list[str]:
    return [panel.get_title() for panel in figure.axes if panel.get_title()]


def legend_fits(figure: Figure) -> bool:
    """Whether all of every legend is within the figure."""
    figure.draw_without_rendering()
    edge = figure.bbox
    boxes = [legend.get_window_extent() for legend in figure.legends]
    return all(edge.x0 <= box.x0 and edge.y0 <= box.y0 and box.x1 <= edge.x1 and box.y1 <= edge.y1 for box in boxes)
