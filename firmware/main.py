"""Runs the kit, unless a flasher left it unfinished."""

if __name__ == "__main__":
    import os

    if "INCOMPLETE" in os.listdir():
        print("INCOMPLETE: flashing was not finished and verified; flash this kit again")
    else:
        from nspkit import board as boards
        from nspkit import start

        board = boards.Board()
        plan = start.plan(board)
        del start
        from nspkit import app

        app.main(board, plan)
