"""What of a frame's labels can be used to cut tiles, and the frames that must be left out for a label that cannot."""

from mitos_mmdet.datasets.coco_format import make_uniform, reference_fault
from mitos_mmdet.datasets.usable_labels import OutsideError, usable_label

DECIMALS = 3  # of a px, as the converters write


def labels_by_image(content) -> tuple[dict, list]:
    """The annotations of each image, by its id.

    An ``image_id`` that is text where the image's is a number, or the other way round, is that image's.

    Args:
        content: COCO json with unique ids.

    Returns:
        tuple: ``({id: [annotation, ...]}, [(what, reason), ...])``, the second being annotations of no image.
    """
    make_uniform(content)
    labels, strays = {image['id']: [] for image in content['images']}, []
    for annotation in content['annotations']:
        wanted = annotation.get('image_id')
        if isinstance(wanted, (str, int)) and not isinstance(wanted, bool) and wanted in labels:
            labels[wanted].append(annotation)
        else:
            strays.append((f"annotation {annotation['id']}", f'there is no image {wanted!r}'))
    return labels, strays


def usable_labels(annotations, image, categories) -> tuple[list, list, str | None]:
    """A frame's labels, each with a centroid, a box and polygons that can be cut.

    Args:
        annotations: The frame's, as the file has them.
        image: The frame's entry.
        categories: The ids that the file lists.

    Returns:
        tuple: ``(labels, notes, lost)``. Labels are as ``usable_label`` gives them. Notes are ``[(what, reason), ...]`` of what was left
        out; ``lost`` is the reason why an object that lies somewhere in the frame cannot be used, so that no tile of it counts as free
        of objects, or None.
    """
    labels, notes, lost = [], [], None
    for annotation in annotations:
        what = f"annotation {annotation['id']} of {image['file_name']}"
        try:
            fault = reference_fault(annotation)
            if fault or annotation['category_id'] not in categories:
                raise ValueError(f'it {fault}' if fault else f"there is no category {annotation['category_id']!r}")
            label, left_out = usable_label(annotation, image)
        except OutsideError as error:
            notes.append((what, str(error)))
            continue
        except ValueError as error:
            notes.append((what, str(error)))
            lost = lost or f"annotation {annotation['id']} cannot be used ({error}), and a tile with its object would count as free of it"
            continue
        notes += [(what, note) for note in left_out]
        if left_out:
            label.pop('area', None)
        # Rounded before tiles are cut, so that what lies in a tile still does after the shift.
        rounded = {key: label[key].round(DECIMALS) for key in ('bbox', 'centroid')}
        if not (rounded['centroid'] < [image['width'], image['height']]).all():
            notes.append((what, f"its centroid {rounded['centroid'].tolist()} lies on the border of the frame"))
            continue
        labels.append(label | rounded)
    return labels, notes, lost
